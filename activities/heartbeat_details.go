package activities

import (
	"context"
	"time"

	"go.temporal.io/sdk/activity"

	"longhaul/internal/pool"
	"longhaul/job"
)

func (h *heartbeat) details() job.Heartbeat {
	details := job.Heartbeat{Done: h.done.Load(), Lack: h.lack.Load(), Begun: int(h.begun.Load())}
	if waiting := h.waiting.Load(); waiting != nil {
		details.Waiting = (*waiting)()
	}
	if p := h.pool.Load(); p != nil {
		details.Wait, details.Stuck, details.Concurrency = p.Wait(), p.Stuck(), p.Concurrency()
	}
	return details
}

// beat sends a heartbeat now.
func (h *heartbeat) beat() {
	select {
	case h.now <- struct{}{}:
	default: // one is about to be sent
	}
}

// waitsFor is asked at each heartbeat what the activity waits for.
func (h *heartbeat) waitsFor(what func() string) { h.waiting.Store(&what) }

// tellsOf has each heartbeat tell what the pool's calls wait for, and which do not return.
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
		_ = h.tell(ctx) // the next heartbeat says it too
	}
}

// tell sends a heartbeat, and waits for its answer, but not for long.
func (h *heartbeat) tell(ctx context.Context) error {
	ctx, end := context.WithTimeout(ctx, tellTimeout)
	defer end()
	return h.send(ctx, h.details())
}

// tellTimeout is how long the server may take for what the next attempt has to know.
const tellTimeout = 5 * time.Second

// lacks says what this worker lacks, and returns when the server knows or ctx is done: the
// next attempt reads it.
func (h *heartbeat) lacks(ctx context.Context, lack job.Lack) error {
	h.lack.Store(&lack)
	return h.tell(ctx)
}
