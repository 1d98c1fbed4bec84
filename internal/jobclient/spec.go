package jobclient

import (
	"context"
	"errors"
	"fmt"

	enumspb "go.temporal.io/api/enums/v1"
	"go.temporal.io/api/serviceerror"
	"go.temporal.io/sdk/client"
	"go.temporal.io/sdk/converter"

	"longhaul/job"
)

// OpenSpec is the spec of the job if it runs now, else nil.
func OpenSpec(ctx context.Context, c client.Client, id string) (*job.Spec, error) {
	described, err := c.DescribeWorkflowExecution(ctx, id, "")
	var missing *serviceerror.NotFound
	if errors.As(err, &missing) || err == nil && described.GetWorkflowExecutionInfo().GetStatus() != enumspb.WORKFLOW_EXECUTION_STATUS_RUNNING {
		return nil, nil
	}
	if err != nil {
		return nil, jobError(id, err)
	}
	return SpecOf(ctx, c, id, "")
}

// SpecOf is the spec that a run of a job was started with, by its memo; nil if it was started
// by something that does not set it. An empty run id is the last run.
func SpecOf(ctx context.Context, c client.Client, id, runID string) (*job.Spec, error) {
	described, err := c.DescribeWorkflowExecution(ctx, id, runID)
	if err != nil {
		return nil, jobError(id, err)
	}
	payload, ok := described.GetWorkflowExecutionInfo().GetMemo().GetFields()[memoSpec]
	if !ok {
		return nil, nil
	}
	var spec job.Spec
	return &spec, converter.GetDefaultDataConverter().FromPayload(payload, &spec)
}

// InputOf is the spec that the last run of a job was started with, by its history. The
// placeholders of a schedule are replaced by what they were in that run.
func InputOf(ctx context.Context, c client.Client, id string) (job.Spec, error) {
	var spec job.Spec
	events := c.GetWorkflowHistory(ctx, id, "", false, enumspb.HISTORY_EVENT_FILTER_TYPE_ALL_EVENT)
	first, err := events.Next()
	if err != nil {
		return spec, jobError(id, err)
	}
	payloads := first.GetWorkflowExecutionStartedEventAttributes().GetInput().GetPayloads()
	if len(payloads) == 0 {
		return spec, fmt.Errorf("job %s was started without a spec", id)
	}
	if err := converter.GetDefaultDataConverter().FromPayload(payloads[0], &spec); err != nil || !spec.HasPlaceholder() {
		return spec, err
	}
	return spec, resolve(ctx, c, id, &spec)
}

// resolve fills in the placeholders as they were in the last run.
func resolve(ctx context.Context, c client.Client, id string, spec *job.Spec) error {
	s, err := Describe(ctx, c, id)
	if err != nil {
		return err
	}
	if !s.Known {
		return fmt.Errorf("job %s: no worker answers; one must say which folder the job wrote to", id)
	}
	spec.Input.URI, spec.Output.URI = s.Input, s.Output
	return nil
}
