package pool

import (
	"math"
	"slices"
	"time"
)

// rateWindow is a little longer than a second: starts that are no more than the rate in it
// still are when they reach the other side a few milliseconds early or late.
const rateWindow = time.Second + 10*time.Millisecond

// window remembers the starts of the last rateWindow. A limiter alone keeps to its
// timeline: when one start is late and the next on time, a second can hold one
// more than the rate. One call at a time uses it.
type window struct{ starts []time.Time }

// wait is how long the next start must wait, so that no second holds more than
// rate starts (rounded up: a rate of 7.5 means eight in some seconds).
func (w *window) wait(now time.Time, rate float64) time.Duration {
	for len(w.starts) > 0 && now.Sub(w.starts[0]) >= rateWindow {
		w.starts = w.starts[1:]
	}
	// The sum of grants may be a hair off.
	most := max(1, int(math.Ceil(rate-1e-6)))
	if len(w.starts) < most {
		return 0
	}
	return w.starts[len(w.starts)-most].Add(rateWindow).Sub(now)
}

func (w *window) add(start time.Time) { w.starts = append(w.starts, start) }

// remove forgets a start, if it is still remembered.
func (w *window) remove(start time.Time) {
	if i := slices.Index(w.starts, start); i >= 0 {
		w.starts = slices.Delete(w.starts, i, i+1)
	}
}
