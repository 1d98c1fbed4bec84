package activities

import (
	"context"
	"sync/atomic"
	"time"

	"go.temporal.io/sdk/activity"

	"longhaul/job"
)

// heartbeat tells the server that an attempt lives, and hears from it.
type heartbeat struct {
	done    atomic.Int64
	waiting atomic.Pointer[func() string]
	pool    atomic.Pointer[func() *job.Wait]
	stop    chan struct{}
	stopped chan struct{}
}

// startHeartbeat beats for the first time after 80 % of the timeout in force,
// so that a short activity sends none: each is a billed action.
func startHeartbeat(ctx context.Context) *heartbeat {
	h := &heartbeat{stop: make(chan struct{}), stopped: make(chan struct{})}
	timeout := activity.GetInfo(ctx).HeartbeatTimeout
	if timeout <= 0 {
		close(h.stopped)
		return h
	}
	go func() {
		defer close(h.stopped)
		ticker := time.NewTicker(timeout * 8 / 10)
		defer ticker.Stop()
		for {
			select {
			case <-ticker.C:
				h.beat(ctx)
			case <-h.stop:
				return
			}
		}
	}()
	return h
}

func (h *heartbeat) beat(ctx context.Context) {
	details := job.Heartbeat{Done: h.done.Load()}
	if waiting := h.waiting.Load(); waiting != nil {
		details.Waiting = (*waiting)()
	}
	if pool := h.pool.Load(); pool != nil {
		details.Wait = (*pool)()
	}
	activity.RecordHeartbeat(ctx, details)
}

// waitsFor is asked at each beat what the activity waits for.
func (h *heartbeat) waitsFor(what func() string) { h.waiting.Store(&what) }

// poolWaitsFor is asked at each beat what the calls wait for.
func (h *heartbeat) poolWaitsFor(what func() *job.Wait) { h.pool.Store(&what) }

// end stops beating. No beat follows it.
func (h *heartbeat) end() {
	close(h.stop)
	<-h.stopped
}
