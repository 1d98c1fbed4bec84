package pool

import (
	"math"
	"time"
)

// window remembers the starts of the last second. A limiter alone keeps to its
// timeline: when one start is late and the next on time, a second can hold one
// more than the rate.
type window struct{ starts []time.Time }

// wait is how long the next start must wait, so that no second holds more than
// rate starts (one, if the rate is lower).
func (w *window) wait(now time.Time, rate float64) time.Duration {
	// Shares are whole calls per second; the sum may be a hair off.
	most := max(1, int(math.Floor(rate+1e-6)))
	if len(w.starts) > most {
		w.starts = w.starts[len(w.starts)-most:]
	}
	if len(w.starts) < most {
		return 0
	}
	return w.starts[0].Add(time.Second).Sub(now)
}

func (w *window) add(start time.Time) { w.starts = append(w.starts, start) }
