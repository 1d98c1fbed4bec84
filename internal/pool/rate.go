package pool

import (
	"context"
	"slices"
	"sync"
	"sync/atomic"
	"time"

	"golang.org/x/time/rate"
)

// catchUp is the part of a second's starts that may follow each other at once: so
// many are made up for when the process was not run for a while.
const catchUp = 1.0 / 20

// throttle spaces the starts of a pool. The pool's lock guards it.
type throttle struct {
	rate float64
	// seats counts the shares that have a rate: without any there is no limit.
	seats   atomic.Int64
	limiter *rate.Limiter
	recent  *window
	// resting are rates that were used until a moment ago: the starts of the
	// last second may add up to them too.
	resting []resting
	// changed is closed when the rate is another one.
	changed chan struct{}
	// turn lets one call at a time wait.
	turn chan struct{}
}

type resting struct {
	rate  float64
	until time.Time
}

func newThrottle() *throttle {
	t := &throttle{limiter: rate.NewLimiter(0, 1), recent: &window{}, changed: make(chan struct{}), turn: make(chan struct{}, 1)}
	// An empty bucket: the first start of each of ten workers is not free.
	t.limiter.Allow()
	return t
}

func (t *throttle) add(r float64) {
	if r > 0 {
		t.set(t.rate + r)
	}
}

// rouse takes a rate out of its rest: the share has come back to where it was used.
func (t *throttle) rouse(r float64) {
	for i, resting := range t.resting {
		if resting.rate == r {
			t.resting = slices.Delete(t.resting, i, i+1)
			return
		}
	}
}

func (t *throttle) remove(r float64) {
	now := time.Now()
	t.resting = append(t.restingAt(now), resting{r, now.Add(settling)})
	t.set(t.rate - r)
}

func (t *throttle) set(r float64) {
	t.rate = max(0, r)
	if t.rate < 1e-9 {
		t.rate = 0 // what is left of a sum of fractions
	}
	t.limiter.SetLimit(rate.Limit(t.rate))
	t.limiter.SetBurst(max(1, int(t.rate*catchUp)))
	t.wakeUp()
}

func (t *throttle) restingAt(now time.Time) []resting {
	kept := t.resting[:0]
	for _, r := range t.resting {
		if now.Before(r.until) {
			kept = append(kept, r)
		}
	}
	return kept
}

// start notes a start, or says how long it must wait from now on.
func (t *throttle) start(now time.Time) time.Duration {
	most := t.rate
	t.resting = t.restingAt(now)
	for _, r := range t.resting {
		most += r.rate
	}
	if d := t.recent.wait(now, most); d > 0 {
		return d
	}
	// Without any rate the delay is without end: until it changes.
	reservation := t.limiter.ReserveN(now, 1)
	if d := reservation.DelayFrom(now); d > 0 {
		reservation.CancelAt(now)
		return d
	}
	t.recent.add(now)
	return 0
}

// wakeUp has the call look again that waits in its turn.
func (t *throttle) wakeUp() {
	close(t.changed)
	t.changed = make(chan struct{})
}

// begin waits with a token for what else a call needs: to be alone in the process,
// or not beside one that must be, and the rate. It returns holding isolation. If
// the call must not start any more it returns false, and the token is given back,
// as it is with an error.
func (p *Pool) begin(ctx context.Context, t token, alone bool) (bool, error) {
	limited := p.isLimited()
	if !limited && !alone && p.settings.Isolation.TryRLock() {
		return true, nil // there was nothing to wait for
	}
	isolation := p.isolation(alone)
	if limited {
		// One at a time: what is waited for here must not be used by many at once.
		select {
		case p.throttle.turn <- struct{}{}:
			defer func() { <-p.throttle.turn }()
		case <-ctx.Done():
			p.giveBackUnused(t)
			return false, context.Cause(ctx)
		}
	}
	isolation.Lock()
	for {
		wait, changed, heldBack := p.tryStart(t, time.Now())
		if wait <= 0 && !heldBack && ctx.Err() == nil {
			return true, nil
		}
		if heldBack || ctx.Err() != nil {
			isolation.Unlock()
			p.giveBackUnused(t)
			return false, context.Cause(ctx)
		}
		timer := time.NewTimer(wait)
		select {
		case <-timer.C:
		case <-changed:
		case <-ctx.Done():
		}
		timer.Stop()
	}
}

// isLimited says whether starts are spaced.
func (p *Pool) isLimited() bool {
	return p.throttle.seats.Load() > 0 || p.refused.Load()
}

func (p *Pool) isolation(alone bool) sync.Locker {
	if alone {
		return p.settings.Isolation
	}
	return p.settings.Isolation.RLocker()
}

// tryStart notes a start, or says what it must wait for.
func (p *Pool) tryStart(t token, now time.Time) (wait time.Duration, changed <-chan struct{}, heldBack bool) {
	p.mu.Lock()
	defer p.mu.Unlock()
	if p.isHeldBack(t) {
		return 0, nil, true
	}
	wait = max(p.brakedUntil.Sub(now), p.adaptive.wait(now))
	if wait <= 0 && p.throttle.seats.Load() > 0 {
		wait = p.throttle.start(now)
	}
	if wait <= 0 {
		p.adaptive.begin(now)
	}
	return wait, p.throttle.changed, false
}
