package workflows

import (
	"math"
	"testing"

	"github.com/stretchr/testify/require"
	"pgregory.net/rapid"
)

func TestSharesSumUpToTheLimits(t *testing.T) {
	t.Parallel()
	rapid.Check(t, func(t *rapid.T) {
		parallelism := rapid.IntRange(1, 100_000).Draw(t, "parallelism")
		rate := rapid.OneOf(rapid.Float64Range(0, 1e6), rapid.Float64Range(0, 50), rapid.Just(0.0)).Draw(t, "rate")
		l := newLanes(parallelism, rate, 1000, rapid.Int64Range(0, 1<<40).Draw(t, "left"))
		calls, rates, count := 0, 0.0, l.count()
		for l.anyFree() {
			_, share := l.take()
			require.Positive(t, share.Calls)
			calls += share.Calls
			rates += share.Rate
			if count > 1 {
				require.InDelta(t, math.Round(share.Rate), share.Rate, 0, "whole calls per second")
			}
			require.Equal(t, rate > 0, share.Rate > 0)
		}
		require.Equal(t, parallelism, calls)
		require.LessOrEqual(t, rates, rate)
		require.GreaterOrEqual(t, rates, 0.98*rate)
	})
}

func TestNumberOfLanes(t *testing.T) {
	t.Parallel()
	const many = 1 << 30
	for _, c := range []struct {
		parallelism int
		left        int64
		rate        float64
		want        int
	}{
		{200, many, 0, 12}, {1, many, 0, 1}, {3, many, 0, 3}, {10, many, 0, 4}, {100_000, many, 0, 64},
		{200, 0, 0, 1}, {200, 100, 0, 1}, {200, 101, 0, 2}, {200, 1000, 0, 10},
		{200, many, 50, 12}, {200, many, 5, 5}, {200, many, 0.5, 1}, {200, many, 1000, 30}, {200, many, 1e6, 64},
	} {
		require.Equal(t, c.want, newLanes(c.parallelism, c.rate, 1000, c.left).count(), "%+v", c)
	}
}

func TestAFinalLaneIsNotUsedAgain(t *testing.T) {
	t.Parallel()
	l := newLanes(2, 0, 1000, 1<<30)
	first, _ := l.take()
	second, _ := l.take()
	require.Equal(t, 2, l.inFlight())
	l.giveBack(first, "a", true)
	require.False(t, l.anyFree())
	l.giveBack(second, "b", false)
	require.True(t, l.anyFree())
	_, share := l.take()
	require.Equal(t, "b", share.Pool, "who had it last")
	l.giveBack(second, "b", false)
	require.Zero(t, l.inFlight())
}
