package activities

import (
	"context"
	"time"

	"go.temporal.io/sdk/activity"

	"longhaul/internal/pool"
	"longhaul/job"
)

// untilClosed is done also when the lane is closed.
func untilClosed(stop context.Context, slot *pool.Slot) (context.Context, func()) {
	stop, cancel := context.WithCancelCause(stop)
	go func() {
		select {
		case <-slot.Closed():
			cancel(errLaneClosed)
		case <-stop.Done():
		}
	}()
	return stop, func() { cancel(nil) }
}

// startDelay is the rest of the wait that the schedule asks for; a later
// attempt is late already.
func startDelay(chunk job.Chunk, attempt int32) time.Duration {
	if attempt > 1 {
		return 0
	}
	return chunk.StartDelay.Std()
}

// stopOf is done when no more records may be taken.
func stopOf(ctx, takenOver context.Context) (stop context.Context, end func()) {
	stop, cancel := context.WithCancelCause(ctx)
	detach := context.AfterFunc(takenOver, func() { cancel(context.Cause(takenOver)) })
	go func() {
		select {
		case <-activity.GetWorkerStopChannel(ctx):
			cancel(errWorkerStops)
		case <-stop.Done():
		}
	}()
	return stop, func() { detach(); cancel(nil) }
}

// callsOf is done when calls in flight must be cut off: they outlive the
// attempt's context, but for the time in which nobody else can be making them, which
// expires. If the workflow has ended there is no such bound: a successor waits until we
// have left the folder. Who was taken over with calls in flight has been stopped, or could
// not say that it is there, for longer than a successor waits.
func callsOf(ctx, expired, takenOver context.Context, workflowEnded func(context.Context) bool) (calls context.Context, end func()) {
	calls, cut := context.WithCancelCause(context.WithoutCancel(ctx))
	unbound := context.AfterFunc(expired, func() { cut(context.Cause(expired)) })
	taken := context.AfterFunc(takenOver, func() { cut(context.Cause(takenOver)) })
	detach := context.AfterFunc(ctx, func() {
		switch cause := context.Cause(ctx); {
		case isLost(cause) && workflowEnded(calls):
			unbound()
		case !mayDrain(cause):
			cut(cause)
		}
	})
	return calls, func() { detach(); unbound(); taken(); cut(nil) }
}

func wait(ctx context.Context, d time.Duration) error {
	timer := time.NewTimer(d)
	defer timer.Stop()
	select {
	case <-timer.C:
		return nil
	case <-ctx.Done():
		return context.Cause(ctx)
	}
}
