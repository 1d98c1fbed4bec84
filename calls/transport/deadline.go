package transport

import (
	"context"
	"sync"
	"time"
)

// Deadline is a context that ends at a time, for one request. It costs less than that of
// context.WithDeadline, because Direct asks neither for its channel nor for its timer; whoever
// does gets them.
type Deadline struct {
	context.Context //nolint:containedctx // it is one itself
	at              time.Time

	mu     sync.Mutex
	timed  context.Context //nolint:containedctx // nil until somebody asks for the channel
	cancel context.CancelFunc
}

// WithDeadline is the context that also ends at the time. Release must be called when it is
// not needed any more.
func WithDeadline(parent context.Context, at time.Time) *Deadline {
	if earlier, ok := parent.Deadline(); ok && earlier.Before(at) {
		at = earlier
	}
	return &Deadline{Context: parent, at: at}
}

// Release ends what somebody may have asked for.
func (d *Deadline) Release() {
	d.mu.Lock()
	defer d.mu.Unlock()
	if d.cancel != nil {
		d.cancel()
	}
}

// Deadline is the time.
func (d *Deadline) Deadline() (time.Time, bool) { return d.at, true }

// Done is closed when the time has come, or the parent has ended.
func (d *Deadline) Done() <-chan struct{} { return d.withTimer().Done() }

func (d *Deadline) withTimer() context.Context {
	d.mu.Lock()
	defer d.mu.Unlock()
	if d.timed == nil {
		d.timed, d.cancel = context.WithDeadline(d.Context, d.at)
	}
	return d.timed
}

// Err says why it has ended; nil if it has not.
func (d *Deadline) Err() error {
	if d.isDue() {
		return d.withTimer().Err()
	}
	return d.Context.Err()
}

func (d *Deadline) isDue() bool {
	d.mu.Lock()
	defer d.mu.Unlock()
	return d.timed != nil || !time.Now().Before(d.at)
}

// Value is the parent's. The cause of its end is that of the context with the timer, once
// somebody has asked for that.
func (d *Deadline) Value(key any) any {
	d.mu.Lock()
	timed := d.timed
	d.mu.Unlock()
	if timed != nil {
		return timed.Value(key)
	}
	return d.Context.Value(key)
}

// interrupts has interrupt called when the context ends otherwise than at its deadline, which
// the connection has itself.
func interrupts(ctx context.Context, interrupt func()) (stop func() bool) {
	if d, ok := ctx.(*Deadline); ok {
		ctx = d.Context
	}
	return context.AfterFunc(ctx, interrupt)
}
