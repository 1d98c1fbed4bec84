package activities

import (
	"context"
	"errors"
	"time"

	"go.temporal.io/sdk/activity"

	"longhaul/internal/claim"
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
// expires. If the workflow has ended, a successor waits as long as it sees us in the folder:
// that bounds them then. Who was taken over with calls in flight has been stopped for longer.
func callsOf(ctx, expired context.Context, owner claim.Owner, by presence) (calls context.Context, end func()) {
	calls, cut := context.WithCancelCause(context.WithoutCancel(ctx))
	unbound := context.AfterFunc(expired, func() { cut(context.Cause(expired)) })
	takenOver := by.TakenOver()
	taken := context.AfterFunc(takenOver, func() { cut(context.Cause(takenOver)) })
	detach := context.AfterFunc(ctx, func() {
		switch cause := context.Cause(ctx); {
		case isLost(cause) && by.Ended(calls, owner):
			unbound()
			cutWhenAbsent(calls, by, cut)
		case !mayDrain(cause):
			cut(cause)
		}
	})
	return calls, func() { detach(); unbound(); taken(); cut(nil) }
}

// presence is what a session knows of its place in the output folder.
type presence interface {
	TakenOver() context.Context
	Ended(ctx context.Context, owner claim.Owner) bool
	PresentUntil() time.Time
}

// errAbsent ends calls that a successor cannot know of.
var errAbsent = errors.New("the presence in the output folder could not be renewed: another job may have taken it")

// cutWhenAbsent cuts the calls when the presence may have lapsed. It returns then, or when
// they have ended.
func cutWhenAbsent(calls context.Context, by presence, cut context.CancelCauseFunc) {
	for {
		left := time.Until(by.PresentUntil())
		if left <= 0 {
			cut(errAbsent)
			return
		}
		if wait(calls, left) != nil {
			return
		}
	}
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
