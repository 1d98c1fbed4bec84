package schedule

import (
	"testing"

	"github.com/stretchr/testify/require"
	"pgregory.net/rapid"

	"longhaul/job"
)

// drawPlan is any input with any whole batches committed.
func drawPlan(t *rapid.T) (plan job.Plan, chunkSize int64) {
	chunkSize = rapid.Int64Range(1, 2000).Draw(t, "chunk size")
	plan.Records = rapid.Int64Range(0, 50_000).Draw(t, "records")
	plan.BatchRecords = chunkSize * rapid.Int64Range(1, 8).Draw(t, "batch size")
	for first := int64(0); first < plan.Records; first += plan.BatchRecords {
		last := min(first+plan.BatchRecords, plan.Records)
		if !rapid.Bool().Draw(t, "committed") {
			continue
		}
		if n := len(plan.Committed); n > 0 && plan.Committed[n-1].Last == first {
			plan.Committed[n-1].Last = last
		} else {
			plan.Committed = append(plan.Committed, job.Range{First: first, Last: last})
		}
		plan.Totals.Succeeded += last - first
	}
	return plan, chunkSize
}

// Every index that is not committed is in exactly one chunk, in order, and no
// chunk crosses a batch's border, for any sizes, also with a new run at any
// border.
func TestCutCoversEveryRecordOnce(t *testing.T) {
	t.Parallel()
	rapid.Check(t, func(t *rapid.T) {
		plan, chunkSize := drawPlan(t)
		lanes, callsPerLane := rapid.IntRange(1, 64).Draw(t, "lanes"), rapid.IntRange(1, 500).Draw(t, "calls per lane")
		covered := make([]int, plan.Records)
		for _, done := range plan.Committed {
			for i := done.First; i < done.Last; i++ {
				covered[i]++
			}
		}
		c := NewCutter(plan, 0, chunkSize, lanes, callsPerLane)
		finals, left := 0, c.left
		for {
			if c.AtBorder() && rapid.IntRange(0, 9).Draw(t, "new run") == 0 {
				c = NewCutter(plan, c.next, chunkSize, lanes, callsPerLane)
				finals = 0
			}
			final := c.IsFinal()
			chunk, endsBatch, ok := c.Cut()
			if !ok {
				break
			}
			left -= chunk.Len()
			require.Equal(t, left, c.left)
			require.Positive(t, chunk.Len())
			require.LessOrEqual(t, chunk.Len(), chunkSize)
			require.Equal(t, chunk.First/plan.BatchRecords, (chunk.Last-1)/plan.BatchRecords, "crosses a border")
			require.Equal(t, endsBatch, chunk.Last%plan.BatchRecords == 0 || chunk.Last == plan.Records)
			if final {
				finals++
			} else {
				require.Zero(t, finals, "a chunk after a final one is final too")
			}
			for i := chunk.First; i < chunk.Last; i++ {
				covered[i]++
			}
		}
		require.Zero(t, c.left)
		require.LessOrEqual(t, finals, lanes, "each final chunk has a lane")
		for i, n := range covered {
			require.Equal(t, 1, n, "record %d", i)
		}
	})
}

func TestChunksTaper(t *testing.T) {
	t.Parallel()
	c := NewCutter(job.Plan{Records: 1_000_000, BatchRecords: 5000}, 0, 1000, 12, 16)
	chunk, _, _ := c.Cut()
	require.EqualValues(t, 1000, chunk.Len(), "a big job runs full chunks")
	c = NewCutter(job.Plan{Records: 1_000_000, BatchRecords: 5000}, 995_000, 1000, 12, 16)
	chunk, _, _ = c.Cut()
	require.EqualValues(t, 209, chunk.Len(), "near the end they get smaller: 5000/24")
	c = NewCutter(job.Plan{Records: 1_000_000, BatchRecords: 5000}, 999_000, 1000, 12, 16)
	chunk, _, _ = c.Cut()
	require.EqualValues(t, 100, chunk.Len(), "but not too small")
}

// A job with a rate that has a chunk for each lane cuts them all alike, whole batches among
// them; a longer one has the same number for each lane.
func TestEvenChunks(t *testing.T) {
	t.Parallel()
	spec := job.DefaultSpec()
	spec.Rate = 500
	sizes := func(records int64) (lanes int, sizes map[int64]int) {
		lanes = NewLanes("run", spec, records, LayoutOf(spec)).Count()
		c := NewCutter(job.Plan{Records: records, BatchRecords: 5000}, 0, 1000, lanes, 16)
		c.Even()
		sizes = map[int64]int{}
		for chunk, _, ok := c.Cut(); ok; chunk, _, ok = c.Cut() {
			sizes[chunk.Len()]++
		}
		return lanes, sizes
	}
	lanes, found := sizes(10_000)
	require.Equal(t, 30, lanes)
	require.Equal(t, map[int64]int{334: 28, 324: 2}, found)
	lanes, found = sizes(30_000)
	require.Equal(t, 15, lanes)
	require.Equal(t, map[int64]int{1000: 30}, found)
	lanes, found = sizes(0)
	require.Positive(t, lanes)
	require.Empty(t, found)
	rapid.Check(t, func(t *rapid.T) {
		records := rapid.Int64Range(1, 100_000).Draw(t, "records")
		_, found := sizes(records)
		sum, largest := int64(0), int64(0)
		for size, count := range found {
			sum += size * int64(count)
			largest = max(largest, size)
		}
		require.Equal(t, records, sum)
		require.LessOrEqual(t, largest, int64(1000))
	})
}

// A run that ends has a final chunk for each lane, and whole batches.
func TestTheEndOfARun(t *testing.T) {
	t.Parallel()
	c := NewCutter(job.Plan{Records: 1_000_000, BatchRecords: 5000}, 0, 1000, 8, 25)
	for range 3 {
		require.False(t, c.IsFinal())
		_, _, _ = c.Cut()
	}
	c.EndRun()
	finals, chunks := 0, 0
	for !c.Ended() {
		final := c.IsFinal()
		chunk, _, ok := c.Cut()
		require.True(t, ok)
		require.EqualValues(t, 1000, chunk.Len())
		chunks++
		if final {
			finals++
		}
	}
	_, _, ok := c.Cut()
	require.False(t, ok)
	require.Equal(t, 8, finals)
	require.Equal(t, 12, chunks, "the first border that leaves each lane one")
	require.True(t, c.AtBorder())
	require.EqualValues(t, 985_000, c.Left())

	short := NewCutter(job.Plan{Records: 7000, BatchRecords: 5000}, 0, 1000, 8, 25)
	short.EndRun()
	for !short.Ended() {
		_, _, _ = short.Cut()
	}
	require.EqualValues(t, 2000, short.Left(), "chunks are small near the end, and leave each lane one in the batch")
}
