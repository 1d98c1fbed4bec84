package session

import (
	"context"

	enumspb "go.temporal.io/api/enums/v1"
	"go.temporal.io/sdk/client"

	"longhaul/internal/claim"
	"longhaul/job"
)

// server is the Temporal server. Its client is nil in tests without one.
type server struct{ client client.Client }

// StateOf says what the server knows of the owner: its run, or the last of the runs
// that continue it.
func (r *Registry) StateOf(ctx context.Context, owner claim.Owner) claim.State {
	return r.server.stateOf(ctx, owner)
}

// Ended says whether the server knows that the workflow has ended.
func (s *Session) Ended(ctx context.Context, owner claim.Owner) bool {
	return s.server.stateOf(ctx, owner) == claim.Ended
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

func (s server) stateOf(ctx context.Context, owner claim.Owner) claim.State {
	if s.client == nil {
		return claim.Unknown
	}
	first, err := s.client.DescribeWorkflowExecution(ctx, owner.WorkflowID, owner.RunID)
	if err != nil {
		return claim.Unknown
	}
	info := first.GetWorkflowExecutionInfo()
	if info.GetStatus() == enumspb.WORKFLOW_EXECUTION_STATUS_CONTINUED_AS_NEW {
		last, err := s.client.DescribeWorkflowExecution(ctx, owner.WorkflowID, "")
		if err != nil {
			return claim.Unknown
		}
		if info = last.GetWorkflowExecutionInfo(); info.GetFirstRunId() != owner.RunID {
			return claim.Ended
		}
	}
	switch info.GetStatus() {
	case enumspb.WORKFLOW_EXECUTION_STATUS_RUNNING, enumspb.WORKFLOW_EXECUTION_STATUS_PAUSED:
		return claim.Running
	default:
		return claim.Ended
	}
}
