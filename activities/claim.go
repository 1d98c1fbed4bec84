package activities

import (
	"context"
	"fmt"
	"time"

	"go.temporal.io/sdk/activity"

	"longhaul/job"
)

// leaseTimeouts is how many heartbeat timeouts a lease lasts without renewal.
const leaseTimeouts = 3

// claimInterval is how often a waiting job asks again for the folder.
const claimInterval = time.Second

// claim waits until the folder is ours, and says what it waits for.
func (a *Activities) claim(ctx context.Context, folder Claims, spec job.Spec, beat *heartbeat) (int64, error) {
	info := activity.GetInfo(ctx)
	owner := job.Owner{Namespace: info.Namespace, WorkflowID: info.WorkflowExecution.ID, RunID: info.WorkflowExecution.RunID}
	state := func(owner job.Owner) job.OwnerState { return a.jobs.State(ctx, owner) }
	for said := ""; ; {
		epoch, held, err := folder.Claim(owner, leaseTimeouts*spec.HeartbeatTimeout.Std(), state)
		if err != nil || epoch > 0 {
			beat.waitsFor(func() string { return "" })
			return epoch, err
		}
		if word := waitingFor(spec.Output.URI, held); word != said {
			said = word
			activity.GetLogger(ctx).Warn(word)
			beat.waitsFor(func() string { return word })
			beat.beat(ctx)
		}
		select {
		case <-time.After(claimInterval):
		case <-activity.GetWorkerStopChannel(ctx):
			return 0, errWorkerStops
		case <-ctx.Done():
			return 0, context.Cause(ctx)
		}
	}
}

func waitingFor(output string, held *job.Held) string {
	if held.Running {
		return fmt.Sprintf("waiting for the output folder %s: workflow %s is running and writes there; cancel it, or wait for its end",
			output, held.WorkflowID)
	}
	return fmt.Sprintf("waiting for the output folder %s: workflow %s may be writing there until %s",
		output, held.WorkflowID, held.Until.Local().Format(time.TimeOnly))
}

// attend says that we are at work in the folder until leave is called.
func attend(folder Presence, epoch int64, interval time.Duration) (leave func() error, err error) {
	if err := folder.Enter(epoch); err != nil {
		return nil, err
	}
	ended, stopped := make(chan struct{}), make(chan struct{})
	go func() {
		defer close(stopped)
		ticker := time.NewTicker(interval)
		defer ticker.Stop()
		for {
			select {
			case <-ticker.C:
				// Whether we still hold the folder is asked before each write.
				_ = folder.Enter(epoch)
			case <-ended:
				return
			}
		}
	}()
	return func() error {
		close(ended)
		<-stopped
		return folder.Leave(epoch)
	}, nil
}
