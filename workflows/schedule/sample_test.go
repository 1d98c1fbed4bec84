package schedule

import (
	"slices"
	"testing"

	"github.com/stretchr/testify/require"
	"pgregory.net/rapid"

	"longhaul/job"
)

// A sample has each open record at most once, in order, and all if they are few; the seed
// fixes it.
func TestASampleIsOfOpenRecords(t *testing.T) {
	t.Parallel()
	rapid.Check(t, func(t *rapid.T) {
		plan, _ := drawPlan(t)
		spec := job.SampleSpec{Records: rapid.Int64Range(1, 1000).Draw(t, "records"), Seed: rapid.Uint64().Draw(t, "seed")}
		open := plan.Records
		for _, done := range plan.Committed {
			open -= done.Len()
		}
		picks := Sample(plan, spec)
		require.Len(t, picks, int(min(open, spec.Records)))
		require.True(t, slices.IsSorted(picks))
		require.Len(t, slices.Compact(slices.Clone(picks)), len(picks), "one is there twice")
		for _, pick := range picks {
			require.Less(t, pick, plan.Records)
			for _, done := range plan.Committed {
				require.False(t, done.First <= pick && pick < done.Last, "%d is committed", pick)
			}
		}
		require.Equal(t, picks, Sample(plan, spec))
	})
}

// Each record is as likely as another.
func TestASampleIsFair(t *testing.T) {
	t.Parallel()
	const records, samples = 20, 20_000
	plan := job.Plan{Records: records + 5, BatchRecords: 5, Committed: []job.Range{{First: 5, Last: 10}}}
	counts := map[int64]int{}
	for seed := range uint64(samples) {
		for _, pick := range Sample(plan, job.SampleSpec{Records: 4, Seed: seed}) {
			counts[pick]++
		}
	}
	require.Len(t, counts, records)
	for pick, count := range counts {
		require.InDelta(t, samples*4/records, count, 300, "record %d", pick)
	}
}
