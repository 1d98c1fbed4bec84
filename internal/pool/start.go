package pool

import (
	"context"
	"math"
	"time"
)

// everyCall is the weight of a call that must be the only one of its job.
const everyCall = math.MaxInt32

// begin waits with a token for what else a call needs: the brake, the rate, and then
// to be isolated, or not beside an isolated call. If the call must not start after all, it
// returns false, and the token is released, as it is with an error; else finish ends what
// began.
func (r *run) begin(t *token) (bool, error) {
	weight := r.weight()
	limited := r.isLimited()
	if !limited && !r.how.Isolated && r.isolation.TryAcquire(weight) {
		r.calling.Add(1)
		return true, nil // there was nothing to wait for
	}
	if limited {
		// One at a time: what is waited for here must not be used by many at once.
		select {
		case r.throttle.starting <- struct{}{}:
			defer func() { <-r.throttle.starting }()
		case <-r.stop.Done():
			t.release()
			return false, context.Cause(r.stop)
		}
	}
	started, err := r.awaitStart(t, weight)
	if !started {
		t.release()
	}
	return started, err
}

// weight is how much of the isolation a call has.
func (r *run) weight() int64 {
	if r.how.Isolated {
		return everyCall
	}
	return 1
}

// finish ends what began with begin.
func (r *run) finish() {
	r.isolation.Release(r.weight())
	r.endCall()
}

// awaitStart holds the isolation when it returns true. It is taken last, so that a
// call that waits for an API does not keep another one from being isolated.
func (r *run) awaitStart(t *token, weight int64) (bool, error) {
	isolated := false
	for {
		wait, changed, heldBack := r.tryStart(t, isolated)
		switch {
		case heldBack || r.stop.Err() != nil:
			if isolated {
				r.isolation.Release(weight)
			}
			return false, context.Cause(r.stop)
		case wait <= 0 && isolated:
			return true, nil
		case wait <= 0:
			if err := r.isolation.Acquire(r.stop, weight); err != nil {
				return false, context.Cause(r.stop)
			}
			isolated = true
			continue
		case isolated:
			r.isolation.Release(weight)
			isolated = false
		}
		timer := time.NewTimer(wait)
		select {
		case <-timer.C:
		case <-changed:
		case <-r.stop.Done():
			timer.Stop()
			return false, context.Cause(r.stop)
		}
		timer.Stop()
	}
}

// lookForRoom is how soon a call looks again whether there are few enough beside it: the room
// grows with time, too.
const lookForRoom = 50 * time.Millisecond

// endCall has the next call look whether there is room for it.
func (p *Pool) endCall() {
	p.calling.Add(-1)
	if !p.refused.Load() {
		return
	}
	p.mu.Lock()
	defer p.mu.Unlock()
	if p.awaitsRoom {
		p.awaitsRoom = false
		p.throttle.wakeUp()
	}
}

// isLimited says whether starts are spaced.
func (p *Pool) isLimited() bool {
	return p.throttle.slots.Load() > 0 || p.refused.Load()
}

// tryStart says what a start must wait for. If that is nothing, and start says that
// nothing else prevents it, it notes the start.
func (p *Pool) tryStart(t *token, start bool) (wait time.Duration, changed <-chan struct{}, heldBack bool) {
	now := time.Now()
	p.mu.Lock()
	defer p.mu.Unlock()
	if p.isHeldBack(t, now) {
		return 0, nil, true
	}
	wait = max(p.brakedUntil.Sub(now), p.adaptive.wait(now))
	t.noted = time.Time{}
	limited := p.throttle.slots.Load() > 0
	if wait <= 0 && limited {
		wait = p.throttle.wait(now)
	}
	if wait <= 0 && !p.adaptive.hasRoom(now, int(p.calling.Load())) {
		wait = lookForRoom
		p.awaitsRoom = true
	}
	if wait <= 0 && start {
		p.calling.Add(1)
		p.adaptive.begin(now)
		if limited {
			p.throttle.begin(now)
			t.noted = now
		}
	}
	return wait, p.throttle.changed, false
}
