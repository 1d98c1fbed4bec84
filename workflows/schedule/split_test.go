package schedule

import (
	"testing"
	"time"

	"github.com/stretchr/testify/require"
	"pgregory.net/rapid"
)

// A grant that is split is not in force anywhere, and the sum stays; no lane that a chunk has
// is touched.
func TestASplitKeepsTheSum(t *testing.T) {
	t.Parallel()
	rapid.Check(t, func(t *rapid.T) {
		parallelism := rapid.IntRange(1, 2000).Draw(t, "parallelism")
		l := lanesFor(parallelism, 0, 1<<30)
		taken := map[int]int{}
		for range rapid.IntRange(1, 100).Draw(t, "steps") {
			before := l.Count()
			switch {
			case rapid.Bool().Draw(t, "split") && l.Split():
				require.Equal(t, before+1, l.Count())
			case l.Free():
				grant := l.Take()
				require.Positive(t, grant.Calls)
				taken[grant.Lane] = grant.Calls
			}
			sum := 0
			for i, grant := range l.Grants() {
				require.Equal(t, i, grant.Lane)
				sum += grant.Calls
				if calls, ok := taken[i]; ok {
					require.Equal(t, calls, grant.Calls)
				}
			}
			require.Equal(t, parallelism, sum)
		}
	})
}

func TestWhatCannotBeSplit(t *testing.T) {
	t.Parallel()
	one := lanesFor(1, 0, 1<<30)
	require.False(t, one.Split(), "a call is not divided")
	limited := lanesFor(200, 50, 1<<30)
	require.False(t, limited.Split(), "a rate rests when it moves")
	busy := lanesFor(2, 0, 1<<30)
	busy.Take()
	busy.Take()
	require.False(t, busy.Split(), "a chunk has each grant")
}

func TestLanesWanted(t *testing.T) {
	t.Parallel()
	l := lanesFor(200, 0, 1<<30)
	require.Equal(t, 8, l.Wanted(0, 2000, 100))
	require.Equal(t, 8, l.Wanted(100*time.Millisecond, 2000, 1000), "a fifth of a chunk waits")
	require.Equal(t, 8+45, l.Wanted(3*time.Second, 1500, 100), "45 chunks wait at once")
	require.Equal(t, maxSplitLanes, l.Wanted(time.Hour, 1500, 100))
}
