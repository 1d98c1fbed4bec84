package pool

import (
	"testing"
	"time"

	"github.com/stretchr/testify/require"
	"pgregory.net/rapid"
)

// However late a start is, no rateWindow holds more than the rate.
func TestNoSecondHoldsMoreThanTheRate(t *testing.T) {
	t.Parallel()
	rapid.Check(t, func(t *rapid.T) {
		rate := rapid.IntRange(1, 20).Draw(t, "rate")
		var w window
		now := time.Unix(0, 0)
		starts := make([]time.Time, 0, 200)
		for range 200 {
			now = now.Add(time.Duration(rapid.IntRange(0, 100).Draw(t, "late")) * time.Millisecond)
			if d := w.wait(now, float64(rate)); d > 0 {
				now = now.Add(d)
			}
			w.add(now)
			starts = append(starts, now)
		}
		for i := range starts {
			if i+rate < len(starts) {
				require.GreaterOrEqual(t, starts[i+rate].Sub(starts[i]), time.Second)
			}
		}
	})
}

func TestAWindowForgets(t *testing.T) {
	t.Parallel()
	var w window
	now := time.Unix(0, 0)
	for range 1000 {
		require.LessOrEqual(t, w.wait(now, 10), time.Duration(0))
		w.add(now)
		now = now.Add(rateWindow / 10)
	}
	require.LessOrEqual(t, len(w.starts), 11)
	require.Equal(t, rateWindow*9/10, w.wait(now, 0.5), "a lower rate counts at once")
}
