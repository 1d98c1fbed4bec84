package main

import (
	"context"
	"errors"
	"fmt"
	"io"

	"go.temporal.io/sdk/client"
	"go.temporal.io/sdk/converter"
	"go.temporal.io/sdk/temporal"

	"longhaul/job"
)

// join starts the job, or goes on with it if it runs: never a second copy. One
// that runs with other settings is stopped first, so that the new ones count;
// one with another input or call is somebody else's.
func join(ctx context.Context, c client.Client, w io.Writer, o startOptions, spec job.Spec) error {
	for {
		run, err := start(ctx, c, o, spec)
		if err != nil {
			return err
		}
		running, err := specOf(ctx, c, o.id)
		if err != nil || running == nil || running.Same(spec) {
			return err
		}
		if spec.Redrive != nil && running.Redrive == nil {
			return fmt.Errorf("job %s is still running: its failed records can be redriven when it has ended", o.id)
		}
		if err := running.Accepts(spec); err != nil {
			return err
		}
		say(w, "the job runs with other settings: it is stopped, and goes on with the new ones")
		if err := c.CancelWorkflow(ctx, o.id, run.GetRunID()); err != nil {
			return err
		}
		// However it ends: if it was done, there is nothing left to do.
		var ended *temporal.WorkflowExecutionError
		if err := run.Get(ctx, nil); err != nil && !errors.As(err, &ended) {
			return err
		}
	}
}

// specOf is the spec that a job was started with; nil if it was started by
// something that does not tell.
func specOf(ctx context.Context, c client.Client, id string) (*job.Spec, error) {
	described, err := c.DescribeWorkflowExecution(ctx, id, "")
	if err != nil {
		return nil, noSuchJob(id, err)
	}
	payload, ok := described.GetWorkflowExecutionInfo().GetMemo().GetFields()[memoSpec]
	if !ok {
		return nil, nil
	}
	var spec job.Spec
	return &spec, converter.GetDefaultDataConverter().FromPayload(payload, &spec)
}
