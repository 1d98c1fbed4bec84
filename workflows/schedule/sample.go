package schedule

import (
	"math/rand/v2" //nolint:depguard // seeded: the same in each replay
	"slices"

	"longhaul/job"
)

// Sample chooses records at random of those that are not committed, all if there are no more,
// and returns them in order. The same seed gives the same ones. The algorithm is Floyd's
// (Bentley and Floyd, "Programming pearls: a sample of brilliance", 1987).
func Sample(plan job.Plan, spec job.SampleSpec) []int64 {
	open := plan.Records
	for _, done := range plan.Committed {
		open -= done.Len()
	}
	count := min(spec.Records, open)
	random := rand.New(rand.NewPCG(spec.Seed, 0))
	chosen := make(map[int64]bool, count)
	picks := make([]int64, 0, count)
	for last := open - count; last < open; last++ {
		pick := random.Int64N(last + 1)
		if chosen[pick] {
			pick = last
		}
		chosen[pick] = true
		picks = append(picks, pick)
	}
	slices.Sort(picks)
	skipped, next := int64(0), 0
	for i, pick := range picks { // the so manieth open record
		for next < len(plan.Committed) && plan.Committed[next].First <= pick+skipped {
			skipped += plan.Committed[next].Len()
			next++
		}
		picks[i] = pick + skipped
	}
	return picks
}

// NewSampleLanes makes a lane for each of the records, as far as there are calls, and calls
// per second.
func NewSampleLanes(runID string, spec job.Spec, records int) *Lanes {
	return newLanes(runID, spec, max(1, min(records, spec.Parallelism, maxSplitLanes)))
}
