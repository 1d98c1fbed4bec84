package session

import (
	"context"
	"sync"

	"longhaul/job"
)

// ranges keeps attempts at the same records apart: one that the server gave up
// may still wait for its last calls here when the next one comes.
type ranges struct {
	mu   sync.Mutex
	busy map[job.Range]chan struct{}
}

// exclusive waits until no other attempt works at a record of r, or ctx is done.
func (b *ranges) exclusive(ctx context.Context, r job.Range) (done func(), err error) {
	for {
		other := b.take(r)
		if other == nil {
			return func() { b.giveBack(r) }, nil
		}
		select {
		case <-other:
		case <-ctx.Done():
			return nil, context.Cause(ctx)
		}
	}
}

func (b *ranges) take(r job.Range) (other <-chan struct{}) {
	b.mu.Lock()
	defer b.mu.Unlock()
	for taken, done := range b.busy {
		if taken.Overlaps(r) {
			return done
		}
	}
	if b.busy == nil {
		b.busy = map[job.Range]chan struct{}{}
	}
	b.busy[r] = make(chan struct{})
	return nil
}

func (b *ranges) giveBack(r job.Range) {
	b.mu.Lock()
	defer b.mu.Unlock()
	close(b.busy[r])
	delete(b.busy, r)
}
