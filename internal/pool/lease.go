package pool

import (
	"context"
	"sync"
	"sync/atomic"
	"time"
)

// Lease says until when calls may start: it is renewed while the server knows that we
// are at work. Without a renewal somebody else will make the same calls. A nil Lease
// has no end. It is safe for concurrent use.
type Lease struct {
	until atomic.Pointer[time.Time]

	mu      sync.Mutex
	renewed chan struct{}
	// told are called with each renewal.
	told []func()
}

// NewLease has ended; Renew begins it.
func NewLease() *Lease {
	l := &Lease{renewed: make(chan struct{})}
	l.until.Store(&time.Time{})
	return l
}

// Renew lets calls start until then.
func (l *Lease) Renew(until time.Time) {
	l.until.Store(&until)
	l.mu.Lock()
	close(l.renewed)
	l.renewed = make(chan struct{})
	told := l.told
	l.mu.Unlock()
	for _, tell := range told {
		tell()
	}
}

// onRenewal has a function called with each renewal.
func (l *Lease) onRenewal(tell func()) {
	if l == nil {
		return
	}
	l.mu.Lock()
	defer l.mu.Unlock()
	l.told = append(l.told, tell)
}

// Valid says whether a call may start now. Both clocks are asked: the monotonic one
// does not go on while a machine sleeps, the wall clock may be set back.
func (l *Lease) Valid(now time.Time) bool {
	return l == nil || isBefore(now, *l.until.Load())
}

func isBefore(now, until time.Time) bool {
	return now.Before(until) && now.Round(0).Before(until.Round(0))
}

// await waits until calls may start.
func (l *Lease) await(ctx context.Context) error {
	for {
		l.mu.Lock()
		renewed := l.renewed
		l.mu.Unlock()
		if l.Valid(time.Now()) {
			return nil
		}
		select {
		case <-renewed:
		case <-ctx.Done():
			return context.Cause(ctx)
		}
	}
}
