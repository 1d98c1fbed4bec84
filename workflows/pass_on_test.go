package workflows

import (
	"sync/atomic"
	"testing"
	"time"

	"github.com/stretchr/testify/mock"
	"github.com/stretchr/testify/require"
	"go.temporal.io/sdk/temporal"

	"longhaul/job"
)

// lacked is how an activity ends that no worker could do for capability_timeout.
func lacked() error {
	return temporal.NewApplicationErrorWithOptions("no worker could take the job for 5m0s", string(job.KindSpec),
		temporal.ApplicationErrorOptions{NonRetryable: true, Details: []any{job.KindWorkerLacks}})
}

// By chance a chunk may be taken by nothing but workers that lack something, while others do
// the job: it is given out again.
func TestAPassedOnChunkIsGivenOutAgain(t *testing.T) {
	t.Parallel()
	var lacks atomic.Int64
	lacks.Store(3)
	w := &world{records: 4000, err: func(chunk job.Chunk) error {
		if chunk.First > 2000 && lacks.Add(-1) >= 0 {
			return lacked()
		}
		return nil
	}}
	env := environment(t, w)
	spec := sleepSpec()
	spec.Parallelism, spec.ChunkSize = 1, 100
	env.ExecuteWorkflow(BulkCall, spec, State{})
	require.NoError(t, env.GetWorkflowError())
	require.Negative(t, lacks.Load())
	seen := map[job.Range]int{}
	for _, batch := range w.batches {
		seen[batch.Range]++
	}
	for r, times := range seen {
		require.Equal(t, 1, times, r)
	}
	var covered int64
	for r := range seen {
		covered += r.Len()
	}
	require.EqualValues(t, 4000, covered)
}

// If no worker has done anything for so long, the job ends.
func TestAJobThatNoWorkerCanDo(t *testing.T) {
	t.Parallel()
	for name, first := range map[string]int64{"from the start": 0, "later on": 2000} {
		w := &world{records: 4000}
		env := environment(t, w)
		spec := sleepSpec()
		spec.Parallelism, spec.ChunkSize, spec.CapabilityTimeout = 1, 100, job.Duration(time.Minute)
		lacking := mock.MatchedBy(func(chunk job.Chunk) bool { return chunk.First >= first })
		env.OnActivity(w.ProcessChunk, mock.Anything, mock.Anything, lacking).Return(job.Receipt{}, lacked()).After(time.Minute)
		able := mock.MatchedBy(func(chunk job.Chunk) bool { return chunk.First < first })
		env.OnActivity(w.ProcessChunk, mock.Anything, mock.Anything, able).Return(w.ProcessChunk).Maybe()
		began := env.Now()
		env.ExecuteWorkflow(BulkCall, spec, State{})
		require.ErrorContains(t, env.GetWorkflowError(), "no worker could take the job for 5m0s", name)
		require.Less(t, env.Now().Sub(began), 5*time.Minute, name)
		var failure *temporal.ApplicationError
		require.ErrorAs(t, env.GetWorkflowError(), &failure)
		require.Equal(t, string(job.KindSpec), failure.Type())
		require.Equal(t, first > 0, len(w.finished) > 0)
	}
}
