package schedule

import (
	"math"
	"testing"

	"github.com/stretchr/testify/require"
	"pgregory.net/rapid"

	"longhaul/job"
)

func lanesFor(parallelism int, rate float64, left int64) *Lanes {
	return NewLanes("run", job.Spec{Parallelism: parallelism, Rate: rate, ChunkSize: 1000}, left, Layout{})
}

func TestGrantsSumUpToTheLimits(t *testing.T) {
	t.Parallel()
	rapid.Check(t, func(t *rapid.T) {
		parallelism := rapid.IntRange(1, 100_000).Draw(t, "parallelism")
		rate := rapid.OneOf(rapid.Float64Range(0, 1e6), rapid.Float64Range(0, 50), rapid.Just(0.0)).Draw(t, "rate")
		l := lanesFor(parallelism, rate, rapid.Int64Range(0, 1<<40).Draw(t, "left"))
		calls, rates, count := 0, 0.0, l.Count()
		for l.Free() {
			grant := l.Take()
			require.Positive(t, grant.Calls)
			calls += grant.Calls
			rates += grant.Rate
			if count > 1 {
				require.InDelta(t, math.Round(grant.Rate), grant.Rate, 0, "whole calls per second")
			}
			require.Equal(t, rate > 0, grant.Rate > 0)
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
		{200, many, 0, 8}, {1, many, 0, 1}, {3, many, 0, 3}, {10, many, 0, 4}, {100_000, many, 0, 64},
		{200, 0, 0, 1}, {200, 100, 0, 1}, {200, 101, 0, 2}, {200, 1000, 0, 8},
		{200, many, 50, 8}, {200, many, 5, 5}, {200, many, 0.5, 1}, {200, many, 1000, 30}, {200, many, 1e6, 64},
	} {
		require.Equal(t, c.want, lanesFor(c.parallelism, c.rate, c.left).Count(), "%+v", c)
	}
}

func TestAFinalLaneIsNotUsedAgain(t *testing.T) {
	t.Parallel()
	l := lanesFor(2, 0, 1<<30)
	first, second := l.Take(), l.Take()
	require.Equal(t, 2, l.InFlight())
	l.GiveBack(first.Lane, "a", true)
	require.False(t, l.Free())
	l.GiveBack(second.Lane, "b", false)
	require.Zero(t, l.InFlight())
	again := l.Take()
	require.Equal(t, second.Lane, again.Lane)
	require.Equal(t, "b", again.Pool, "who had it last")
	l.GiveBack(again.Lane, "b", true)
	require.False(t, l.Free())
	l.Reopen()
	require.True(t, l.Free())
}

// While some workers have heard of a change and others have not, there are never
// more calls than the larger of both allows.
func TestGrantsGrowAndShrinkTogether(t *testing.T) {
	t.Parallel()
	rapid.Check(t, func(t *rapid.T) {
		limits := rapid.IntRange(1, 2000)
		rates := rapid.OneOf(rapid.Just(0.0), rapid.Float64Range(0.1, 3000))
		before, after := limits.Draw(t, "before"), limits.Draw(t, "after")
		l := lanesFor(before, rates.Draw(t, "rate before"), 1<<30)
		for range rapid.IntRange(0, 40).Draw(t, "splits") {
			l.Split()
		}
		rate := rates.Draw(t, "rate after")
		old := append([]job.LaneGrant(nil), l.grants...)
		least := rapid.IntRange(0, after).Draw(t, "least")
		l.Retune(job.Spec{Parallelism: after, MinParallelism: least, Rate: rate}, 1)
		mixed, calls, leastCalls, sum := 0, 0, 0, 0.0
		for i, grant := range l.grants {
			mixed += max(old[i].Calls, grant.Calls)
			leastCalls += grant.Least
			require.True(t, grant.Calls == 0 || grant.Adaptive == (least > 0))
			require.LessOrEqual(t, grant.Least, grant.Calls, "a lane's")
			calls += grant.Calls
			sum += grant.Rate
			require.Equal(t, i, grant.Lane)
			require.EqualValues(t, 1, grant.Version)
			if rate > 0 {
				require.Equal(t, grant.Calls > 0, grant.Rate > 0, "a lane has both or nothing")
			}
		}
		require.LessOrEqual(t, mixed, max(before, after))
		require.LessOrEqual(t, calls, after)
		require.LessOrEqual(t, leastCalls, least)
		require.Positive(t, l.grants[0].Calls)
		require.LessOrEqual(t, sum, rate)
		require.GreaterOrEqual(t, sum, 0.98*rate)
	})
}
