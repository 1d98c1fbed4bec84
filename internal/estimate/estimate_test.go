package estimate

import (
	"testing"
	"time"

	"github.com/stretchr/testify/require"
	"pgregory.net/rapid"

	"longhaul/job"
)

func work(records int64, latency time.Duration) Work {
	w := Work{Spec: job.DefaultSpec(), Records: records, Latency: latency}
	w.Spec.ChunkInterval = 0
	return w
}

func TestWhatLimits(t *testing.T) {
	t.Parallel()
	w := work(1_000_000, 100*time.Millisecond)
	e := Of(w)
	require.Equal(t, job.BottleneckParallelism, e.LimitedBy)
	require.Equal(t, job.Duration(500*time.Second+overhead), e.Time)
	require.InDelta(t, 2000, e.CallsPerSecond, 5)

	w.Spec.Rate = 100
	e = Of(w)
	require.Equal(t, job.BottleneckRate, e.LimitedBy)
	require.InDelta(t, 10_000, e.Time.Std().Seconds(), 1)

	w.Spec.Rate, w.Spec.ChunkInterval = 0, job.Duration(2*time.Second)
	e = Of(w)
	require.Equal(t, job.BottleneckInterval, e.LimitedBy)
	require.InDelta(t, 2000, e.Time.Std().Seconds(), 3)
	require.Equal(t, e.Chunks, e.Actions.Timers)

	w.Calls = 3 // retries take their place in the pace
	require.InDelta(t, 6000, Of(w).Time.Std().Seconds(), 8)
}

// The goal of the default spec: at most 1,250 actions for a million records at chunk 1,000.
func TestActionsOfAMillionRecords(t *testing.T) {
	t.Parallel()
	e := Of(work(1_000_000, 100*time.Millisecond))
	require.LessOrEqual(t, e.Actions.Sum(), int64(1250))
	require.Zero(t, e.Actions.Heartbeats)
	require.InDelta(t, 0.0625, e.Actions.Price(), 0.001)
	slow := Of(work(1_000_000, time.Second))
	require.Equal(t, 7*slow.Chunks, slow.Actions.Heartbeats, "a chunk takes nearly 40 s")
}

func TestDisk(t *testing.T) {
	t.Parallel()
	w := work(1000, time.Second)
	w.RecordBytes, w.AnswerBytes = 100, 300
	require.EqualValues(t, 1000*(lineBytes+4+400), Of(w).DiskBytes)
	w.Spec.Output.IncludeInput = false
	require.EqualValues(t, 1000*(lineBytes+4+300), Of(w).DiskBytes)
}

func TestAnyJobHasAnEstimate(t *testing.T) {
	t.Parallel()
	rapid.Check(t, func(t *rapid.T) {
		w := work(rapid.Int64Range(0, 100_000).Draw(t, "records"), time.Duration(rapid.Int64Range(1, int64(time.Hour)).Draw(t, "latency")))
		w.Spec.ChunkSize = rapid.Int64Range(1, 10_000).Draw(t, "chunk size")
		w.Spec.BatchSize = rapid.Int64Range(1, 100).Draw(t, "batch size")
		w.Spec.Parallelism = rapid.IntRange(1, 100_000).Draw(t, "parallelism")
		w.Spec.Rate = rapid.SampledFrom([]float64{0, 0.1, 7.5, 1000}).Draw(t, "rate")
		w.Spec.ChunkInterval = job.Duration(rapid.Int64Range(0, int64(time.Minute)).Draw(t, "interval"))
		w.Calls = rapid.SampledFrom([]float64{0, 1, 2.5}).Draw(t, "calls")
		e := Of(w)
		require.Positive(t, e.Time)
		require.GreaterOrEqual(t, e.Chunks, e.Batches)
		require.GreaterOrEqual(t, e.Events, 6*e.Chunks)
		require.GreaterOrEqual(t, e.Actions.Sum(), e.Chunks+e.Batches)
	})
}
