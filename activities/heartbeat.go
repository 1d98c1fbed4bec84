package activities

import (
	"context"
	"sync/atomic"
	"time"

	"go.temporal.io/sdk/activity"

	"longhaul/internal/pool"
	"longhaul/job"
)

// heartbeat tells the server that an attempt is at work; the answer says whether it may go on.
type heartbeat struct {
	done    atomic.Int64
	waiting atomic.Pointer[func() string]
	pool    atomic.Pointer[pool.Pool]
	// before is what the attempts before this one lacked, lack what this one lacks.
	before  *job.Lack
	lack    atomic.Pointer[job.Lack]
	stop    chan struct{}
	stopped chan struct{}
}

// startHeartbeat beats for the first time after 80 % of the timeout in force,
// so that a short activity sends none: each is a billed action.
func startHeartbeat(ctx context.Context) *heartbeat {
	h := &heartbeat{stop: make(chan struct{}), stopped: make(chan struct{}), before: lackBefore(ctx)}
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
	details := job.Heartbeat{Done: h.done.Load(), Lack: h.lack.Load()}
	if waiting := h.waiting.Load(); waiting != nil {
		details.Waiting = (*waiting)()
	}
	if p := h.pool.Load(); p != nil {
		details.Wait, details.Stuck = p.Wait(), p.Stuck()
	}
	activity.RecordHeartbeat(ctx, details)
}

// waitsFor is asked at each beat what the activity waits for.
func (h *heartbeat) waitsFor(what func() string) { h.waiting.Store(&what) }

// tellsOf has each beat tell what the pool's calls wait for, and which do not return.
func (h *heartbeat) tellsOf(p *pool.Pool) { h.pool.Store(p) }

// lackBefore is what the last attempt said in its heartbeat; nil if it lacked nothing.
func lackBefore(ctx context.Context) *job.Lack {
	var last job.Heartbeat
	if !activity.HasHeartbeatDetails(ctx) || activity.GetHeartbeatDetails(ctx, &last) != nil {
		return nil
	}
	return last.Lack
}

// able says that this worker lacks nothing: what attempts before lacked does not count
// when this one is killed.
func (h *heartbeat) able(ctx context.Context) {
	if h.before != nil {
		h.beat(ctx)
	}
}

// end stops beating. No beat follows it.
func (h *heartbeat) end() {
	close(h.stop)
	<-h.stopped
}
