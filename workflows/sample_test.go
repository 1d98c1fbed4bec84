package workflows

import (
	"testing"

	"github.com/stretchr/testify/require"

	"longhaul/job"
)

// sampleOf runs a sample of 100 records of 5,000.
func sampleOf(t *testing.T, w *world) job.Sampled {
	t.Helper()
	w.records = 5000
	env := environment(t, w)
	spec := sleepSpec()
	spec.Sample = &job.SampleSpec{Records: 100}
	env.ExecuteWorkflow(BulkCall, spec, State{})
	require.NoError(t, env.GetWorkflowError())
	var summary job.Summary
	require.NoError(t, env.GetWorkflowResult(&summary))
	require.NotNil(t, summary.Sample)
	require.Equal(t, int64(5000), summary.Records)
	require.Empty(t, w.batches, "nothing is flushed")
	require.LessOrEqual(t, w.most, 200)
	return *summary.Sample
}

func TestASampleCallsItsRecordsOnly(t *testing.T) {
	t.Parallel()
	w := &world{fails: func(chunk job.Chunk) int64 { return chunk.First % 2 }}
	sampled := sampleOf(t, w)
	require.Len(t, w.chunks, 100)
	failed := int64(0)
	for i, chunk := range w.chunks {
		require.EqualValues(t, 1, chunk.Len())
		require.Equal(t, i == 0, chunk.Canary > 0, "until a call has succeeded")
		require.Nil(t, chunk.Failures, "a sample shows all failures")
		failed += chunk.First % 2
	}
	require.EqualValues(t, 100, sampled.Called)
	require.Equal(t, failed, sampled.Failed)
	require.InDelta(t, 10, sampled.Bytes, 1e-9)
	require.Zero(t, sampled.BytesStdDev)
}

// A record whose lane was closed is called in another one.
func TestASampleGoesOnAfterAClosedLane(t *testing.T) {
	t.Parallel()
	closed := false
	w := &world{}
	w.unfinished = func(job.Chunk) bool { // under the world's lock
		first := !closed && len(w.chunks) == 50
		closed = closed || first
		return first
	}
	sampled := sampleOf(t, w)
	require.EqualValues(t, 100, sampled.Called)
	require.Len(t, w.chunks, 101)
}

func TestMoments(t *testing.T) {
	t.Parallel()
	var m moments
	require.Zero(t, m.mean())
	for _, x := range []float64{2, 4, 4, 4, 5, 5, 7, 9} {
		m.add(x)
	}
	require.InDelta(t, 5, m.mean(), 1e-9)
	require.InDelta(t, 2.138, m.stdDev(), 1e-3, "of a sample: over n - 1")
}
