package workflows

import (
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"longhaul/job"
)

// Until a call has succeeded there is one chunk, and it knows.
func TestTheFirstChunkIsACanary(t *testing.T) {
	t.Parallel()
	for name, c := range map[string]struct {
		fails    func(job.Chunk) int64
		proven   bool
		canary   int
		signal   bool
		canaries int
	}{
		"the receipt tells":    {canary: 20, canaries: 1},
		"a signal tells first": {canary: 20, signal: true, canaries: 1},
		"proven before":        {proven: true, canary: 20},
		"none asked for":       {canary: 0},
		"the first ones fail":  {fails: func(chunk job.Chunk) int64 { return failFirst(chunk, 3000) }, canary: 20, canaries: 4},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			w := &world{records: 20_000, fails: c.fails, proven: c.proven}
			env := environment(t, w)
			spec := sleepSpec()
			spec.Canary, spec.ChunkSize, spec.MaxFailures = c.canary, 1000, job.FailureLimit{Value: 5000}
			spec.ChunkInterval = 0
			if c.signal {
				env.RegisterDelayedCallback(func() { env.SignalWorkflow(job.SignalProven, nil) }, time.Millisecond)
			}
			env.ExecuteWorkflow(BulkCall, spec, State{})
			require.NoError(t, env.GetWorkflowError())
			canaries := 0
			for i, chunk := range w.chunks {
				require.Equal(t, &job.FailureBudget{Limit: spec.MaxFailures}, chunk.Failures)
				if chunk.Canary > 0 {
					require.Equal(t, 20, chunk.Canary)
					require.Equal(t, i, canaries, "they are the first")
					canaries++
				}
			}
			require.Equal(t, c.canaries, canaries)
		})
	}
}

func failFirst(chunk job.Chunk, records int64) int64 {
	return max(0, min(chunk.Last, records)-chunk.First)
}

// Each retry takes the place of a call in the schedule.
func TestRetriesCountForThePace(t *testing.T) {
	t.Parallel()
	took := func(extra int64) time.Duration {
		w := &world{records: 50_000, extra: extra}
		env := environment(t, w)
		spec := sleepSpec()
		spec.ChunkInterval = job.Duration(10 * time.Second)
		began := env.Now()
		env.ExecuteWorkflow(BulkCall, spec, State{})
		require.NoError(t, env.GetWorkflowError())
		return env.Now().Sub(began)
	}
	require.InDelta(t, 500, took(0).Seconds(), 25)
	require.InDelta(t, 2000, took(3).Seconds(), 100)
}

// A batch of which few records are called is one chunk, and takes as long.
func TestARedriveCostsWhatItCalls(t *testing.T) {
	t.Parallel()
	w := &world{records: 50_000, committed: job.Totals{Succeeded: 20_000}, proven: true}
	for batch := int64(4); batch < 10; batch++ {
		w.partial = append(w.partial, job.Partial{Range: job.Range{First: batch * 5000, Last: (batch + 1) * 5000}, Missing: 10})
	}
	env := environment(t, w)
	spec := sleepSpec()
	spec.ChunkInterval = job.Duration(10 * time.Second)
	began := env.Now()
	env.ExecuteWorkflow(BulkCall, spec, State{})
	require.NoError(t, env.GetWorkflowError())
	require.Len(t, w.chunks, 6)
	for i, chunk := range w.chunks {
		require.Equal(t, w.partial[i].Range, chunk.Range)
	}
	require.Less(t, env.Now().Sub(began), 2*time.Second)
}

// Although all records of the first chunks fail: a signal says that a call has
// succeeded.
func TestTheSignalOfTheFirstSuccess(t *testing.T) {
	t.Parallel()
	w := &world{records: 20_000, fails: func(chunk job.Chunk) int64 { return chunk.Len() }}
	env := environment(t, w)
	spec := sleepSpec()
	spec.MaxFailures, spec.ChunkInterval = job.FailureLimit{Value: 50_000}, job.Duration(10*time.Second)
	env.RegisterDelayedCallback(func() { env.SignalWorkflow(job.SignalProven, nil) }, 35*time.Second)
	env.ExecuteWorkflow(BulkCall, spec, State{})
	require.NoError(t, env.GetWorkflowError())
	canaries := 0
	for _, chunk := range w.chunks {
		if chunk.Canary > 0 {
			canaries++
		}
	}
	require.Positive(t, canaries)
	require.Less(t, canaries, len(w.chunks)/2)
}

// What a redrive does not call counts for max_failures as well, and shares of a folder
// that had no job before are fresh once.
func TestWhatChunksAreToldOfTheJob(t *testing.T) {
	t.Parallel()
	w := &world{records: 20_000, proven: true, fresh: true, kept: job.Totals{Succeeded: 5, Failed: 7}}
	env := environment(t, w)
	spec := sleepSpec()
	spec.Redrive = &job.RedriveSpec{}
	env.ExecuteWorkflow(BulkCall, spec, State{})
	require.NoError(t, env.GetWorkflowError())
	lanes := map[int]bool{}
	for _, chunk := range w.chunks {
		require.Equal(t, &job.FailureBudget{Limit: spec.MaxFailures, Before: w.kept}, chunk.Failures)
		require.Equal(t, !lanes[chunk.Grant.Lane], chunk.Grant.Fresh)
		lanes[chunk.Grant.Lane] = true
	}
}
