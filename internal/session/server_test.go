package session

import (
	"context"
	"testing"

	"github.com/stretchr/testify/require"
	enumspb "go.temporal.io/api/enums/v1"
	"go.temporal.io/api/serviceerror"
	workflowpb "go.temporal.io/api/workflow/v1"
	"go.temporal.io/api/workflowservice/v1"
	"go.temporal.io/sdk/client"
	"google.golang.org/grpc"

	"longhaul/internal/claim"
	"longhaul/job"
)

// describer is a server that says one thing of each run of the workflow "w" in the
// namespace "theirs".
type describer struct {
	workflowservice.WorkflowServiceClient
	runs map[string]*workflowpb.WorkflowExecutionInfo
	err  error
}

// describingClient has nothing else than the service.
type describingClient struct {
	client.Client
	service *describer
}

func (c describingClient) WorkflowService() workflowservice.WorkflowServiceClient { return c.service }

func (d *describer) DescribeWorkflowExecution(_ context.Context, r *workflowservice.DescribeWorkflowExecutionRequest, _ ...grpc.CallOption) (*workflowservice.DescribeWorkflowExecutionResponse, error) {
	info := d.runs[r.GetExecution().GetRunId()]
	switch {
	case d.err != nil:
		return nil, d.err
	case r.GetNamespace() != "theirs":
		return nil, serviceerror.NewNamespaceNotFound(r.GetNamespace())
	case r.GetExecution().GetWorkflowId() != "w" || info == nil:
		return nil, serviceerror.NewNotFound("workflow not found")
	}
	return &workflowservice.DescribeWorkflowExecutionResponse{WorkflowExecutionInfo: info}, nil
}

func TestTheStateOfAnOwner(t *testing.T) {
	t.Parallel()
	run := func(status enumspb.WorkflowExecutionStatus, first string) *workflowpb.WorkflowExecutionInfo {
		return &workflowpb.WorkflowExecutionInfo{Status: status, FirstRunId: first}
	}
	const continued, running = enumspb.WORKFLOW_EXECUTION_STATUS_CONTINUED_AS_NEW, enumspb.WORKFLOW_EXECUTION_STATUS_RUNNING
	theirs := claim.Owner{Namespace: "theirs", WorkflowID: "w", RunID: "1"}
	for name, c := range map[string]struct {
		owner claim.Owner
		runs  map[string]*workflowpb.WorkflowExecutionInfo
		err   error
		want  claim.State
		fails bool
	}{
		"runs":                      {theirs, map[string]*workflowpb.WorkflowExecutionInfo{"1": run(running, "1")}, nil, claim.Running, false},
		"is paused":                 {theirs, map[string]*workflowpb.WorkflowExecutionInfo{"1": run(enumspb.WORKFLOW_EXECUTION_STATUS_PAUSED, "1")}, nil, claim.Running, false},
		"has ended":                 {theirs, map[string]*workflowpb.WorkflowExecutionInfo{"1": run(enumspb.WORKFLOW_EXECUTION_STATUS_FAILED, "1")}, nil, claim.Ended, false},
		"runs on in another run":    {theirs, map[string]*workflowpb.WorkflowExecutionInfo{"1": run(continued, "1"), "": run(running, "1")}, nil, claim.Running, false},
		"the id is another job's":   {theirs, map[string]*workflowpb.WorkflowExecutionInfo{"1": run(continued, "1"), "": run(running, "9")}, nil, claim.Ended, false},
		"the server knows it not":   {theirs, nil, nil, claim.Unknown, false},
		"nor its namespace":         {claim.Owner{Namespace: "gone", WorkflowID: "w", RunID: "1"}, nil, nil, claim.Unknown, false},
		"the server is away":        {theirs, nil, serviceerror.NewUnavailable("connection refused"), 0, true},
		"the server takes too long": {theirs, nil, context.DeadlineExceeded, 0, true},
		"the key may not ask":       {theirs, nil, serviceerror.NewPermissionDenied("no", ""), 0, true},
	} {
		registry := NewRegistry(Options{Client: describingClient{service: &describer{runs: c.runs, err: c.err}}})
		state, _, err := registry.StateOf(t.Context(), c.owner)
		if c.fails {
			require.ErrorContains(t, err, "workflow w: the server does not say whether it still runs: ", name)
			require.Equal(t, job.KindStorage, job.KindOf(err), "it is asked again")
			continue
		}
		require.NoError(t, err, name)
		require.Equal(t, c.want, state, name)
	}
}
