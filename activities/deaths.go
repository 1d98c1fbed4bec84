package activities

import (
	"context"

	"go.temporal.io/sdk/activity"

	"longhaul/job"
)

// maxDeaths is how many workers in a row may die while they index an input.
const maxDeaths = 3

// begins says that this attempt does what a worker could die of: it fills in the spec's
// templates and reads the input. It refuses if too many have died of that.
func (h *heartbeat) begins(ctx context.Context) error {
	var last job.Heartbeat
	if activity.HasHeartbeatDetails(ctx) && activity.GetHeartbeatDetails(ctx, &last) == nil && last.Begun >= maxDeaths {
		return job.Errorf(job.KindSpec, "", "%d workers in a row have died, or were killed, while they indexed the input", last.Begun).
			WithHint("look into the logs of the workers: with this spec or this input they may need more memory than there is; longhaul validate tries both here")
	}
	h.begun.Store(int32(last.Begun) + 1)
	return h.tell(ctx)
}

// rests says that this attempt only waits, and begins again after it.
func (h *heartbeat) rests() { h.begun.Store(0) }

// ended says that this attempt has ended with an error, and in order.
func (h *heartbeat) ended(ctx context.Context) {
	if h.begun.Swap(0) > 0 {
		_ = h.tell(context.WithoutCancel(ctx)) // the worst is that an attempt counts that has not died
	}
}
