package pool

import (
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
	// slots counts those that have a rate: without any there is no limit.
	slots   atomic.Int64
	limiter *rate.Limiter
	recent  *window
	// cooling are rates that were used until a moment ago: the starts of the last
	// second may add up to them too.
	cooling []cooling
	// changed is closed when the rate is another one.
	changed chan struct{}
	// starting lets one call at a time wait for its start. It is a mutex that a
	// context can end the wait for.
	starting chan struct{}
}

// cooling is a rate in its cooldown.
type cooling struct {
	rate  float64
	until time.Time
}

func newThrottle() *throttle {
	t := &throttle{limiter: rate.NewLimiter(0, 1), recent: &window{}, changed: make(chan struct{}), starting: make(chan struct{}, 1)}
	// An empty bucket: the first start of each of ten workers is not free.
	t.limiter.Allow()
	return t
}

func (t *throttle) add(r float64) {
	if r > 0 {
		t.set(t.rate + r)
	}
}

// endCooldown is for a grant that has come back to where it was used: it may be used
// at once.
func (t *throttle) endCooldown(r float64) {
	for i, c := range t.cooling {
		if c.rate == r {
			t.cooling = slices.Delete(t.cooling, i, i+1)
			return
		}
	}
}

func (t *throttle) remove(r float64) {
	now := time.Now()
	t.cooling = append(t.coolingAt(now), cooling{r, now.Add(cooldown)})
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

// coolingAt leaves out those whose cooldown has ended.
func (t *throttle) coolingAt(now time.Time) []cooling {
	kept := t.cooling[:0]
	for _, r := range t.cooling {
		if now.Before(r.until) {
			kept = append(kept, r)
		}
	}
	return kept
}

// wait is how long a start must wait from now on. Without any rate that is without
// end: until it changes.
func (t *throttle) wait(now time.Time) time.Duration {
	if d := t.windowWait(now); d > 0 {
		return d
	}
	if t.rate == 0 {
		return rate.InfDuration // the limiter still has a start of an earlier rate
	}
	reservation := t.limiter.ReserveN(now, 1)
	defer reservation.CancelAt(now)
	return reservation.DelayFrom(now)
}

// windowWait is how long a start must wait for the starts of the last second.
func (t *throttle) windowWait(now time.Time) time.Duration {
	most := t.rate
	t.cooling = t.coolingAt(now)
	for _, r := range t.cooling {
		most += r.rate
	}
	return t.recent.wait(now, most)
}

// begin notes a start that need not wait.
func (t *throttle) begin(now time.Time) {
	t.limiter.AllowN(now, 1)
	t.recent.add(now)
}

// wakeUp has the call look again that waits for its start.
func (t *throttle) wakeUp() {
	close(t.changed)
	t.changed = make(chan struct{})
}
