package activities

import (
	"sync"

	"longhaul/job"
)

// tally counts results as they are journaled.
type tally struct {
	beat *heartbeat

	mu  sync.Mutex
	sum job.Totals
}

func newTally(beat *heartbeat) *tally { return &tally{beat: beat} }

func (t *tally) add(result job.Result) {
	one := job.Totals{Succeeded: 1, Attempts: int64(result.Attempts)}
	if result.Failure != nil {
		one.Succeeded, one.Failed = 0, 1
	}
	t.mu.Lock()
	t.sum = t.sum.Add(one)
	t.mu.Unlock()
	t.beat.done.Add(1)
}

func (t *tally) totals() job.Totals {
	t.mu.Lock()
	defer t.mu.Unlock()
	return t.sum
}
