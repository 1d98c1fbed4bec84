package job

import (
	"encoding/json"
	"testing"

	"github.com/stretchr/testify/require"
	"pgregory.net/rapid"
)

// Any ranges come back as they were, few or many.
func TestRangesComeBack(t *testing.T) {
	t.Parallel()
	rapid.Check(t, func(t *rapid.T) {
		n := rapid.SampledFrom([]int{0, 1, 5, maxListed, maxListed + 1, 3 * maxListed}).Draw(t, "ranges")
		ranges := make(Ranges, 0, n)
		at := int64(0)
		for range n {
			first := at + rapid.Int64Range(0, 1<<40).Draw(t, "gap")
			at = first + rapid.Int64Range(1, 1<<20).Draw(t, "length")
			ranges = append(ranges, Range{First: first, Last: at})
		}
		data, err := json.Marshal(ranges)
		require.NoError(t, err)
		require.Equal(t, n > maxListed, data[0] == '"')
		var back Ranges
		require.NoError(t, json.Unmarshal(data, &back))
		require.Len(t, back, len(ranges))
		for i := range ranges {
			require.Equal(t, ranges[i], back[i])
		}
	})
}

// A plan with as many ranges as a redrive of small batches leaves fits into a payload of
// Temporal, which is 2 MB at most.
func TestAPlanOfVeryManyRangesIsSmall(t *testing.T) {
	t.Parallel()
	plan := Plan{}
	for i := range int64(500_000) {
		plan.Committed = append(plan.Committed, Range{First: i * 30, Last: i*30 + 10*(1+i*i%2)})
	}
	data, err := json.Marshal(plan)
	require.NoError(t, err)
	require.Less(t, len(data), 200_000)
	var back Plan
	require.NoError(t, json.Unmarshal(data, &back))
	require.Equal(t, plan.Committed, back.Committed)
}

func TestDamagedRangesAreRefused(t *testing.T) {
	t.Parallel()
	for _, text := range []string{`"x"`, `"AAAA"`, `{}`, `"!"`, `1`} {
		var r Ranges
		require.Error(t, json.Unmarshal([]byte(text), &r), text)
	}
}
