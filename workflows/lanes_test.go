package workflows

import (
	"math"
	"testing"
	"time"

	"github.com/stretchr/testify/require"
	"pgregory.net/rapid"

	"longhaul/job"
)

func TestSharesSumUpToTheLimits(t *testing.T) {
	t.Parallel()
	rapid.Check(t, func(t *rapid.T) {
		parallelism := rapid.IntRange(1, 100_000).Draw(t, "parallelism")
		rate := rapid.OneOf(rapid.Float64Range(0, 1e6), rapid.Float64Range(0, 50), rapid.Just(0.0)).Draw(t, "rate")
		l := newLanes("run", parallelism, rate, 1000, rapid.Int64Range(0, 1<<40).Draw(t, "left"))
		calls, rates, count := 0, 0.0, l.count()
		for l.free() >= 0 {
			share := l.take()
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
		require.Equal(t, c.want, newLanes("run", c.parallelism, c.rate, 1000, c.left).count(), "%+v", c)
	}
}

func TestAFinalLaneIsNotUsedAgain(t *testing.T) {
	t.Parallel()
	l := newLanes("run", 2, 0, 1000, 1<<30)
	first, second := l.take(), l.take()
	require.Equal(t, 2, l.inFlight())
	l.giveBack(first.Lane, "a", true)
	require.Negative(t, l.free())
	l.giveBack(second.Lane, "b", false)
	require.Zero(t, l.inFlight())
	again := l.take()
	require.Equal(t, second.Lane, again.Lane)
	require.Equal(t, "b", again.Pool, "who had it last")
	l.giveBack(again.Lane, "b", true)
	require.Negative(t, l.free())
	l.reopen()
	require.Zero(t, l.free())
}

// While some workers have heard of a change and others have not, there are never
// more calls than the larger of both allows.
func TestSharesGrowAndShrinkTogether(t *testing.T) {
	t.Parallel()
	rapid.Check(t, func(t *rapid.T) {
		limits := rapid.IntRange(1, 2000)
		rates := rapid.OneOf(rapid.Just(0.0), rapid.Float64Range(0.1, 3000))
		before, after := limits.Draw(t, "before"), limits.Draw(t, "after")
		l := newLanes("run", before, rates.Draw(t, "rate before"), 1000, 1<<30)
		rate := rates.Draw(t, "rate after")
		old := append([]job.LaneGrant(nil), l.shares...)
		l.retune(after, rate, 1)
		mixed, calls, sum := 0, 0, 0.0
		for i, share := range l.shares {
			mixed += max(old[i].Calls, share.Calls)
			calls += share.Calls
			sum += share.Rate
			require.Equal(t, i, share.Lane)
			require.EqualValues(t, 1, share.Version)
			if rate > 0 {
				require.Equal(t, share.Calls > 0, share.Rate > 0, "a lane has both or nothing")
			}
		}
		require.LessOrEqual(t, mixed, max(before, after))
		require.LessOrEqual(t, calls, after)
		require.Positive(t, l.shares[0].Calls)
		require.LessOrEqual(t, sum, rate)
		require.GreaterOrEqual(t, sum, 0.98*rate)
	})
}

// A journal that is in several receipts is merged once, with all that was sealed.
func TestABatchNamesAJournalOnce(t *testing.T) {
	t.Parallel()
	b := newBatches(job.Plan{Records: 10, BatchRecords: 10})
	kept := job.JournalRef{Name: "kept", Size: 5}
	_, whole := b.add(job.Receipt{Range: job.Range{Last: 4}, Journals: []job.JournalRef{kept, {Name: "a"}}}, time.Time{}, time.Time{})
	require.False(t, whole)
	kept.Size = 7
	batch, whole := b.add(job.Receipt{Range: job.Range{First: 4, Last: 10}, Journals: []job.JournalRef{{Name: "b"}, kept}}, time.Time{}, time.Time{})
	require.True(t, whole)
	require.Equal(t, []job.JournalRef{kept, {Name: "a"}, {Name: "b"}}, batch.Journals)
}
