package activities

import (
	"context"
	"errors"
	"time"

	"longhaul/internal/journal"
)

// errSuperseded ends an attempt that has seen the journal of a later one.
var errSuperseded = errors.New("a later attempt is at work at this")

// supersededInterval is how often an attempt looks for a later one. That is a second
// guard: as a rule the heartbeats tell.
const supersededInterval = 5 * time.Second

// endIfSuperseded ends the attempt when a later one has begun its journal, until ctx is
// done.
func (w *work) endIfSuperseded(ctx context.Context, written *journal.Writer) {
	ticker := time.NewTicker(supersededInterval)
	defer ticker.Stop()
	for {
		select {
		case <-ticker.C:
		case <-ctx.Done():
			return
		}
		// An error of the storage is told by others.
		if later, err := w.session.Output.Journals.IsSuperseded(ctx, written); later && err == nil {
			w.beat.lose(errSuperseded)
			return
		}
	}
}
