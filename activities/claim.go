package activities

import (
	"context"
	"errors"
	"fmt"
	"time"

	"go.temporal.io/sdk/activity"

	"longhaul/internal/claim"
	"longhaul/internal/storage"
	"longhaul/job"
)

// leaseTimeouts is how many heartbeat timeouts a lease lasts without renewal.
const leaseTimeouts = 3

// claimInterval is how often a waiting job asks again for the folder.
const claimInterval = time.Second

// ClaimOutput takes the output folder of a job that goes on in another run of its
// workflow, and returns the job under its new claim. It waits until the workers of the
// old run have left.
func (a *Activities) ClaimOutput(ctx context.Context, ref job.Ref) (job.Claimed, error) {
	ctx, beat := a.startHeartbeat(ctx)
	defer beat.end()
	err := a.claimAnew(ctx, &ref, beat)
	return job.Claimed{Ref: ref, RunID: ownerOf(ctx).RunID}, a.toTemporal(ctx, beat, ref.CapabilityTimeout, err)
}

func (a *Activities) claimAnew(ctx context.Context, ref *job.Ref, beat *heartbeat) error {
	info := activity.GetInfo(ctx)
	if err := a.sessions.Admits(info.WorkflowExecution.ID); err != nil {
		return err
	}
	folder, _, err := a.sessions.Folder(ctx, *ref)
	if err != nil {
		return err
	}
	beat.able(ctx)
	token, err := a.claim(ctx, folder.Claims, ref.Output, info.HeartbeatTimeout, beat)
	if err := errors.Join(err, folder.Close()); err != nil {
		return err
	}
	ref.Epoch, ref.Token = token.Epoch, token.ID
	activity.GetLogger(ctx).Info("output claimed anew after a reset", "job_id", ref.JobID, "output", ref.Output, "epoch", ref.Epoch)
	return nil
}

// claim waits until the folder is ours, and says what it waits for.
func (a *Activities) claim(ctx context.Context, claims *claim.Claims, output string, timeout time.Duration, beat *heartbeat) (storage.Token, error) {
	by := claim.Claimant{Owner: ownerOf(ctx), Attempt: activity.GetInfo(ctx).Attempt}
	for last := ""; ; {
		token, held, err := claims.Take(ctx, by, leaseTimeouts*timeout, a.sessions.StateOf)
		if err != nil || held == nil {
			beat.waitsFor(func() string { return "" })
			return token, err
		}
		if waiting := waitingFor(output, held); waiting != last {
			last = waiting
			activity.GetLogger(ctx).Warn(waiting)
			beat.waitsFor(func() string { return waiting })
			beat.rests()
			beat.beat()
		}
		select {
		case <-time.After(claimInterval):
		case <-activity.GetWorkerStopChannel(ctx):
			return storage.Token{}, errWorkerStops
		case <-ctx.Done():
			return storage.Token{}, context.Cause(ctx)
		}
	}
}

func waitingFor(output string, held *claim.Held) string {
	if held.Damaged {
		return fmt.Sprintf("waiting for the output folder %s: its claim cannot be read; it may be in use until %s", output, held.Until.Local().Format(time.TimeOnly))
	}
	if held.Running {
		return fmt.Sprintf("waiting for the output folder %s: workflow %s is running and writes there; cancel it, or wait for its end",
			output, held.WorkflowID)
	}
	return fmt.Sprintf("waiting for the output folder %s: workflow %s may be writing there until %s",
		output, held.WorkflowID, held.Until.Local().Format(time.TimeOnly))
}

func isClosed(c <-chan struct{}) bool {
	select {
	case <-c:
		return true
	default:
		return false
	}
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
				if isClosed(ended) {
					return
				}
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
