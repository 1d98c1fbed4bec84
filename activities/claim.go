package activities

import (
	"context"
	"fmt"
	"time"

	"go.temporal.io/sdk/activity"

	"longhaul/internal/claim"
	"longhaul/job"
)

// leaseTimeouts is how many heartbeat timeouts a lease lasts without renewal.
const leaseTimeouts = 3

// claimInterval is how often a waiting job asks again for the folder.
const claimInterval = time.Second

// claim waits until the folder is ours, and says what it waits for.
func (a *Activities) claim(ctx context.Context, claims *claim.Claims, spec job.Spec, beat *heartbeat) (int64, error) {
	owner := ownerOf(ctx)
	for last := ""; ; {
		epoch, held, err := claims.Take(ctx, owner, leaseTimeouts*spec.HeartbeatTimeout.Std(), a.sessions.StateOf)
		if err != nil || epoch > 0 {
			beat.waitsFor(func() string { return "" })
			return epoch, err
		}
		if waiting := waitingFor(spec.Output.URI, held); waiting != last {
			last = waiting
			activity.GetLogger(ctx).Warn(waiting)
			beat.waitsFor(func() string { return waiting })
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

func waitingFor(output string, held *claim.Held) string {
	if held.Running {
		return fmt.Sprintf("waiting for the output folder %s: workflow %s is running and writes there; cancel it, or wait for its end",
			output, held.WorkflowID)
	}
	return fmt.Sprintf("waiting for the output folder %s: workflow %s may be writing there until %s",
		output, held.WorkflowID, held.Until.Local().Format(time.TimeOnly))
}

// attend says that we are at work in the folder until leave is called.
func attend(ctx context.Context, claims *claim.Claims, epoch int64, interval time.Duration) (leave func() error, err error) {
	if err := claims.Enter(ctx, epoch); err != nil {
		return nil, err
	}
	ended, idle := make(chan struct{}), make(chan struct{})
	go func() {
		defer close(idle)
		ticker := time.NewTicker(interval)
		defer ticker.Stop()
		for {
			select {
			case <-ticker.C:
				// Whether we still hold the folder is asked before each write.
				if err := claims.Enter(ctx, epoch); err != nil && ctx.Err() == nil {
					activity.GetLogger(ctx).Warn("the presence in the output folder was not renewed", "error", err)
				}
			case <-ended:
				return
			}
		}
	}()
	return func() error {
		close(ended)
		<-idle
		return claims.Leave(context.WithoutCancel(ctx), epoch)
	}, nil
}
