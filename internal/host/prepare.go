package host

import (
	"context"
	"errors"

	enumspb "go.temporal.io/api/enums/v1"

	"longhaul/activities"
	"longhaul/calls"
	"longhaul/internal/output"
	"longhaul/internal/storage"
	"longhaul/job"
)

// Prepare opens the input and readies the call of a spec.
func (j *jobs) Prepare(spec job.Spec) (*activities.Preparation, error) {
	caller, err := j.newCaller(spec, "")
	if err != nil {
		return nil, err
	}
	in, err := j.openInput(spec.Input)
	if err != nil {
		return nil, err
	}
	var folder *storage.Folder
	return &activities.Preparation{
		Input: in,
		Check: func(record job.Record) error {
			if checker, ok := caller.(calls.Checker); ok {
				return checker.Check(record)
			}
			return nil
		},
		Output: func() (activities.NewFolder, error) {
			var err error
			folder, err = j.store.Folder(spec.Output.URI, true)
			if err != nil {
				return nil, err
			}
			return output.NewFolder(folder, spec.Output.URI), nil
		},
		Close: func() error {
			if folder == nil {
				return in.Close()
			}
			return errors.Join(in.Close(), folder.Close())
		},
	}, nil
}

// notify tells a job's workflow what its pool here waits for.
func (j *jobs) notify(ctx context.Context, o *openJob, waiting string) error {
	if j.client == nil {
		return nil
	}
	// The lease is renewed by the same goroutine.
	ctx, cancel := context.WithTimeout(ctx, watchInterval)
	defer cancel()
	owner, err := o.output.Owner(o.ref.Epoch)
	if err != nil {
		return err
	}
	return j.client.SignalWorkflow(ctx, owner.WorkflowID, "", job.SignalOutage, job.Notice{Pool: o.pool.ID(), Waiting: waiting, Wait: o.pool.Wait()})
}

func (j *jobs) signal(ctx context.Context, workflowID, runID, name string) error {
	if j.client == nil {
		return nil
	}
	return j.client.SignalWorkflow(ctx, workflowID, runID, name, nil)
}

// State says what the server knows of the owner: its run, or the last of the
// runs that continue it.
func (j *jobs) State(ctx context.Context, owner job.Owner) job.OwnerState {
	first, err := j.client.DescribeWorkflowExecution(ctx, owner.WorkflowID, owner.RunID)
	if err != nil {
		return job.OwnerUnknown
	}
	info := first.GetWorkflowExecutionInfo()
	if info.GetStatus() == enumspb.WORKFLOW_EXECUTION_STATUS_CONTINUED_AS_NEW {
		last, err := j.client.DescribeWorkflowExecution(ctx, owner.WorkflowID, "")
		if err != nil {
			return job.OwnerUnknown
		}
		if info = last.GetWorkflowExecutionInfo(); info.GetFirstRunId() != owner.RunID {
			return job.OwnerEnded
		}
	}
	switch info.GetStatus() {
	case enumspb.WORKFLOW_EXECUTION_STATUS_RUNNING, enumspb.WORKFLOW_EXECUTION_STATUS_PAUSED:
		return job.OwnerRunning
	default:
		return job.OwnerEnded
	}
}
