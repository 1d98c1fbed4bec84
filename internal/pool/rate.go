package pool

import (
	"context"
	"slices"
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

// wake takes a rate out of its rest: the share has come back to where it was used.
func (t *throttle) wake(r float64) {
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
	close(t.changed)
	t.changed = make(chan struct{})
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

// awaitStart returns when a call may start, or ctx is done.
func (p *Pool) awaitStart(ctx context.Context) {
	if p.throttle.seats.Load() == 0 {
		return
	}
	select {
	case p.throttle.turn <- struct{}{}:
		defer func() { <-p.throttle.turn }()
	case <-ctx.Done():
		return
	}
	for {
		d, changed := p.tryStart(time.Now())
		if d <= 0 {
			return
		}
		timer := time.NewTimer(d)
		select {
		case <-timer.C:
		case <-changed:
		case <-ctx.Done():
		}
		timer.Stop()
		if ctx.Err() != nil {
			return
		}
	}
}

// tryStart heeds a brake too that came while the call waited for its turn.
func (p *Pool) tryStart(now time.Time) (wait time.Duration, changed <-chan struct{}) {
	p.mu.Lock()
	defer p.mu.Unlock()
	if p.throttle.seats.Load() == 0 {
		return 0, nil
	}
	if wait = p.brakedUntil.Sub(now); wait <= 0 {
		wait = p.throttle.start(now)
	}
	return wait, p.throttle.changed
}
