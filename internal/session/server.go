package session

import (
	"context"
	"errors"
	"time"

	commonpb "go.temporal.io/api/common/v1"
	enumspb "go.temporal.io/api/enums/v1"
	"go.temporal.io/api/serviceerror"
	workflowpb "go.temporal.io/api/workflow/v1"
	"go.temporal.io/api/workflowservice/v1"
	"go.temporal.io/sdk/client"

	"longhaul/internal/claim"
	"longhaul/job"
)

// describeTimeout is how long the server may take to say how an owner's workflow stands.
const describeTimeout = 10 * time.Second

// server is the Temporal server. Its client is nil in tests without one.
type server struct{ client client.Client }

// StateOf says what the server knows of the owner: its run, or the last of the runs
// that continue it. Only a server that answers can say that it does not know the owner.
func (r *Registry) StateOf(ctx context.Context, owner claim.Owner) (claim.State, time.Time, error) {
	return r.server.stateOf(ctx, owner)
}

// Ended says whether the server knows that the workflow has ended.
func (s *Session) Ended(ctx context.Context, owner claim.Owner) bool {
	state, _, err := s.server.stateOf(ctx, owner)
	return err == nil && state == claim.Ended
}

// Signal sends a signal to a workflow.
func (s *Session) Signal(ctx context.Context, workflowID, runID, name string) error {
	if s.server.client == nil {
		return nil
	}
	return s.server.client.SignalWorkflow(ctx, workflowID, runID, name, nil)
}

// report tells a job's workflow how its pool here does.
func (s server) report(ctx context.Context, of *Session, notice job.Notice) error {
	if s.client == nil {
		return nil
	}
	// The presence is renewed by the same goroutine.
	ctx, cancel := context.WithTimeout(ctx, keepInterval)
	defer cancel()
	owner, err := of.Output.Claims.Owner(ctx, of.Ref.Epoch)
	if err != nil {
		return err
	}
	return s.client.SignalWorkflow(ctx, owner.WorkflowID, "", job.SignalOutage, notice)
}

func (s server) stateOf(ctx context.Context, owner claim.Owner) (claim.State, time.Time, error) {
	if s.client == nil {
		return claim.Unknown, time.Time{}, nil
	}
	info, err := s.describe(ctx, owner, owner.RunID)
	if err == nil && info.GetStatus() == enumspb.WORKFLOW_EXECUTION_STATUS_CONTINUED_AS_NEW {
		// The chain of a run that was reset has the same first run.
		first := info.GetFirstRunId()
		if info, err = s.describe(ctx, owner, ""); err == nil && info.GetFirstRunId() != first {
			return claim.Ended, time.Time{}, nil
		}
	}
	var notFound *serviceerror.NotFound
	var noNamespace *serviceerror.NamespaceNotFound
	switch {
	case errors.As(err, &notFound), errors.As(err, &noNamespace):
		return claim.Unknown, time.Time{}, nil
	case err != nil:
		return claim.Unknown, time.Time{}, job.Errorf(job.KindStorage, "workflow "+owner.WorkflowID, "the server does not say whether it still runs: %w", err)
	}
	switch info.GetStatus() {
	case enumspb.WORKFLOW_EXECUTION_STATUS_RUNNING, enumspb.WORKFLOW_EXECUTION_STATUS_PAUSED:
		return claim.Running, time.Time{}, nil
	default:
		return claim.Ended, info.GetCloseTime().AsTime(), nil
	}
}

// describe asks in the owner's namespace, which may be another one than the worker's.
func (s server) describe(ctx context.Context, owner claim.Owner, runID string) (*workflowpb.WorkflowExecutionInfo, error) {
	ctx, cancel := context.WithTimeout(ctx, describeTimeout)
	defer cancel()
	response, err := s.client.WorkflowService().DescribeWorkflowExecution(ctx, &workflowservice.DescribeWorkflowExecutionRequest{
		Namespace: owner.Namespace, Execution: &commonpb.WorkflowExecution{WorkflowId: owner.WorkflowID, RunId: runID},
	})
	return response.GetWorkflowExecutionInfo(), err
}
