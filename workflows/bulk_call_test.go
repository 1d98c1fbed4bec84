package workflows

import (
	"errors"
	"sync"
	"testing"
	"time"

	"github.com/stretchr/testify/mock"
	"github.com/stretchr/testify/require"
	"go.temporal.io/sdk/activity"
	"go.temporal.io/sdk/converter"
	"go.temporal.io/sdk/temporal"
	"go.temporal.io/sdk/workflow"

	"longhaul/job"
	"longhaul/workflows/schedule"
)

func TestEveryBatchIsFlushedOnce(t *testing.T) {
	t.Parallel()
	w := &world{records: 23_456}
	env := environment(t, w)
	env.ExecuteWorkflow(BulkCall, sleepSpec(), State{})
	require.NoError(t, env.GetWorkflowError())
	var summary job.Summary
	require.NoError(t, env.GetWorkflowResult(&summary))
	require.EqualValues(t, 23_456, summary.Records)
	flushed := map[int64]job.Batch{}
	for _, batch := range w.batches {
		flushed[batch.Number] = batch
		require.NotEmpty(t, batch.Journals)
	}
	require.Len(t, w.batches, 5)
	require.Len(t, flushed, 5)
	require.Equal(t, job.Range{First: 20_000, Last: 23_456}, flushed[4].Range)
	require.LessOrEqual(t, w.most, 200, "never more grants out than the parallelism")
}

// While chunks wait for their last calls there are more of them, with no more calls.
func TestLanesAreSplitWhileChunksWait(t *testing.T) {
	t.Parallel()
	lanes := func(waited time.Duration) int {
		w := &world{records: 23_456, waited: waited}
		env := environment(t, w)
		env.ExecuteWorkflow(BulkCall, sleepSpec(), State{})
		require.NoError(t, env.GetWorkflowError())
		require.Len(t, w.batches, 5)
		require.LessOrEqual(t, w.most, 200, "never more grants out than the parallelism")
		most := 0
		for _, chunk := range w.chunks {
			most = max(most, chunk.Grant.Lane+1)
		}
		return most
	}
	require.Equal(t, 8, lanes(0))
	require.Greater(t, lanes(3*time.Second), 16)
}

// Answers that were promised and are gone are called again, also those of the last batch;
// the batch is flushed once more with all its journals.
func TestLostAnswersAreCalledAgain(t *testing.T) {
	t.Parallel()
	var mu sync.Mutex
	lostOnce := map[int64]bool{}
	w := &world{records: 23_456, lost: func(batch job.Batch) []job.Range {
		mu.Lock()
		defer mu.Unlock()
		if batch.Number%2 == 1 || lostOnce[batch.Number] {
			return nil
		}
		lostOnce[batch.Number] = true
		return []job.Range{{First: batch.First + 5, Last: batch.First + 7}, {First: batch.First + 10, Last: batch.First + 2400}}
	}}
	env := environment(t, w)
	env.ExecuteWorkflow(BulkCall, sleepSpec(), State{})
	require.NoError(t, env.GetWorkflowError())
	flushes := map[int64]int{}
	for _, batch := range w.batches {
		flushes[batch.Number]++
	}
	require.Equal(t, map[int64]int{0: 2, 1: 1, 2: 2, 3: 1, 4: 2}, flushes)
	last := w.batches[len(w.batches)-1]
	require.EqualValues(t, 4, last.Number)
	for _, again := range []job.Range{{First: 20_005, Last: 20_007}, {First: 20_010, Last: 21_010}, {First: 22_010, Last: 22_400}} {
		require.Contains(t, w.finished, again, "at most a chunk's size")
		require.Contains(t, last.Journals, job.JournalRef{Name: job.Chunk{Range: again}.String(), Size: 1})
	}
	require.LessOrEqual(t, w.most, 200)
	value, err := env.QueryWorkflow(job.QueryProgress)
	require.NoError(t, err)
	var p job.Progress
	require.NoError(t, value.Get(&p))
	require.GreaterOrEqual(t, p.Done(), int64(23_456))
}

func TestZeroRecords(t *testing.T) {
	t.Parallel()
	w := &world{}
	env := environment(t, w)
	env.ExecuteWorkflow(BulkCall, sleepSpec(), State{})
	require.NoError(t, env.GetWorkflowError())
	require.Empty(t, w.chunks)
}

func TestChunksArePaced(t *testing.T) {
	t.Parallel()
	w := &world{records: 20_000}
	env := environment(t, w)
	spec := sleepSpec()
	spec.ChunkInterval = job.Duration(10 * time.Second)
	timers := 0
	env.SetOnTimerScheduledListener(func(string, time.Duration) { timers++ })
	began := env.Now()
	env.ExecuteWorkflow(BulkCall, spec, State{})
	require.NoError(t, env.GetWorkflowError())
	require.Positive(t, timers, "what lies far ahead is waited out by a timer")
	require.GreaterOrEqual(t, env.Now().Sub(began), 180*time.Second)
	for _, chunk := range w.chunks {
		require.LessOrEqual(t, chunk.StartDelay.Std(), schedule.StartDelayLimit)
	}
}

func TestInvalidSpecIsRefusedBeforeAnyActivity(t *testing.T) {
	t.Parallel()
	w := &world{records: 1000}
	env := environment(t, w)
	spec := sleepSpec()
	spec.Parallelism = 0
	env.OnActivity("IndexInput", mock.Anything, mock.Anything).Never()
	env.ExecuteWorkflow(BulkCall, spec, State{})
	require.ErrorContains(t, env.GetWorkflowError(), "parallelism: 0 is out of range")
}

func TestANewerStateIsRefused(t *testing.T) {
	t.Parallel()
	env := environment(t, &world{})
	env.ExecuteWorkflow(BulkCall, sleepSpec(), State{Version: stateVersion + 1})
	require.ErrorContains(t, env.GetWorkflowError(), "newer than this worker")
}

func TestCancelCommitsWholeBatchesOnly(t *testing.T) {
	t.Parallel()
	w := &world{records: 1_000_000}
	env := environment(t, w)
	spec := sleepSpec()
	spec.ChunkInterval = job.Duration(10 * time.Second)
	env.RegisterDelayedCallback(env.CancelWorkflow, 95*time.Second)
	env.ExecuteWorkflow(BulkCall, spec, State{})
	require.True(t, temporal.IsCanceledError(env.GetWorkflowError()), env.GetWorkflowError())
	require.NotEmpty(t, w.batches)
	require.Less(t, len(w.chunks), 30)
	for _, batch := range w.batches {
		require.EqualValues(t, 5000, batch.Len())
	}
}

func TestAFlushEndsAlsoWhenTheJobIsCanceled(t *testing.T) {
	t.Parallel()
	env := environment(t, &world{records: 5000})
	env.OnActivity("FlushBatch", mock.Anything, mock.Anything, mock.Anything).After(time.Hour).Return(job.Flushed{Totals: job.Totals{Succeeded: 5000}}, nil)
	env.RegisterDelayedCallback(env.CancelWorkflow, 30*time.Minute)
	flushed := false
	env.SetOnActivityCompletedListener(func(info *activity.Info, _ converter.EncodedValue, err error) {
		flushed = flushed || info.ActivityType.Name == "FlushBatch" && err == nil
	})
	env.ExecuteWorkflow(BulkCall, sleepSpec(), State{})
	require.True(t, temporal.IsCanceledError(env.GetWorkflowError()))
	require.True(t, flushed)
}

// The same scenario with a new run forced every few chunks asks for the same.
func TestContinueAsNewChangesNothing(t *testing.T) {
	t.Parallel()
	reference := everyChunk(t, 0)
	for _, every := range []int{1, 2, 3, 5, 7} {
		require.Equal(t, reference, everyChunk(t, every), "every %d chunks", every)
	}
}

// everyChunk returns which batch each record was flushed in.
func everyChunk(t *testing.T, every int) []int64 {
	t.Helper()
	const records = 12_345
	spec := sleepSpec()
	spec.ChunkSize, spec.BatchSize = 500, 2
	spec.MaxFailures = job.FailureLimit{Value: records}
	flushedIn := make([]int64, records)
	runs, state := 0, State{}
	for {
		w := &world{records: records}
		env := environment(t, w)
		chunks := 0
		env.SetOnActivityCompletedListener(func(info *activity.Info, _ converter.EncodedValue, _ error) {
			if info.ActivityType.Name != "ProcessChunk" {
				return
			}
			if chunks++; chunks == every {
				env.SetContinueAsNewSuggested(true)
			}
		})
		env.ExecuteWorkflow(BulkCall, spec, state)
		runs++
		for _, batch := range w.batches {
			for i := batch.First; i < batch.Last; i++ {
				require.Zero(t, flushedIn[i], "flushed twice")
				flushedIn[i] = batch.Number + 1
			}
		}
		var continued *workflow.ContinueAsNewError
		if !errors.As(env.GetWorkflowError(), &continued) {
			require.NoError(t, env.GetWorkflowError())
			break
		}
		require.NoError(t, converter.GetDefaultDataConverter().FromPayloads(continued.Input, &spec, &state))
	}
	if every == 1 {
		require.Greater(t, runs, 2, "it did continue as new")
	}
	require.NotContains(t, flushedIn, int64(0))
	return flushedIn
}

func TestProgressQuery(t *testing.T) {
	t.Parallel()
	w := &world{records: 10_000}
	env := environment(t, w)
	spec := sleepSpec()
	spec.ChunkInterval = job.Duration(10 * time.Second)
	var during job.Progress
	env.RegisterDelayedCallback(func() {
		answer, err := env.QueryWorkflow(job.QueryProgress)
		require.NoError(t, err)
		require.NoError(t, answer.Get(&during))
	}, 30*time.Second)
	env.ExecuteWorkflow(BulkCall, spec, State{})
	require.NoError(t, env.GetWorkflowError())
	require.Equal(t, job.PhaseRunning, during.Phase)
	require.EqualValues(t, 10_000, during.Records)
	require.Positive(t, during.Done())
	require.Less(t, during.Done(), int64(10_000))
	require.Equal(t, 200, during.Settings.Parallelism)

	answer, err := env.QueryWorkflow(job.QueryProgress)
	require.NoError(t, err)
	var after job.Progress
	require.NoError(t, answer.Get(&after))
	require.Equal(t, job.PhaseFinished, after.Phase)
	require.EqualValues(t, 10_000, after.Done())
}
