package e2e

import (
	"os"
	"path/filepath"
	"syscall"
	"testing"
	"time"

	"github.com/stretchr/testify/require"
	enumspb "go.temporal.io/api/enums/v1"
	"go.temporal.io/sdk/temporal"

	"longhaul/job"
)

// SIGTERM cuts no call off, and none is made again.
func TestWorkerStopsGracefully(t *testing.T) {
	t.Parallel()
	api := newCountingAPI(t, 4000, 50*time.Millisecond, 500, 1500, 2500)
	root, id := t.TempDir(), newID(t)
	worker := startWorker(t, shared, root, id)
	run := startJob(t, shared, id, httpSpec(api.URL, 4000, 100))
	for _, mark := range []int64{500, 1500, 2500} {
		api.await(t, mark)
		worker.signal(syscall.SIGTERM)
		require.Zero(t, worker.wait(), worker.out)
		worker = startWorker(t, shared, root, id)
	}
	finishJob(t, run)
	require.Zero(t, api.repeated(t))
	requireProven(t, root, 4000)
}

// Promise 4 over several workers.
func TestTwoWorkersShareTheParallelism(t *testing.T) {
	t.Parallel()
	api := newCountingAPI(t, 4000, 20*time.Millisecond)
	root, id := t.TempDir(), newID(t)
	startWorker(t, shared, root, id)
	startWorker(t, shared, root, id)
	finishJob(t, startJob(t, shared, id, httpSpec(api.URL, 4000, 37)))
	require.Zero(t, api.repeated(t))
	require.LessOrEqual(t, api.most.Load(), int64(37))
	requireProven(t, root, 4000)
}

// Canceled, it keeps what is done; started again, it goes on.
func TestCancelAndStartAgain(t *testing.T) {
	t.Parallel()
	api := newCountingAPI(t, 4000, 50*time.Millisecond, 1000)
	root, id := t.TempDir(), newID(t)
	worker := startWorker(t, shared, root, id)
	run := startJob(t, shared, id, httpSpec(api.URL, 4000, 100))
	api.await(t, 1000)
	out, code := runProgram(t, root, "longhaul", "cancel", id, "--address", shared.local.Address())
	require.Zero(t, code, out)
	var canceled *temporal.CanceledError
	require.ErrorAs(t, run.Get(t.Context(), nil), &canceled)
	require.Less(t, api.total.Load(), int64(4000), worker.out)
	out, code = runProgram(t, root, "longhaul", "watch", id, "--address", shared.local.Address())
	require.Equal(t, 1, code)
	require.Contains(t, out, "was canceled; start it again with the same output to go on")

	finishJob(t, startJob(t, shared, id, httpSpec(api.URL, 4000, 100)))
	require.Zero(t, api.repeated(t))
	requireProven(t, root, 4000)
}

// Terminated, a job leaves calls in flight behind: its successor waits for them,
// so that there are never more than the parallelism, and none is repeated.
func TestTerminateAndStartAgain(t *testing.T) {
	t.Parallel()
	const records, parallelism = 400, 20
	api := newCountingAPI(t, records, 500*time.Millisecond, 100)
	root, id := t.TempDir(), newID(t)
	startWorker(t, shared, root, id)
	startJob(t, shared, id, httpSpec(api.URL, records, parallelism))
	api.await(t, 100)
	require.NoError(t, shared.TerminateWorkflow(t.Context(), id, "", "test"))
	finishJob(t, startJob(t, shared, id, httpSpec(api.URL, records, parallelism)))
	require.LessOrEqual(t, api.most.Load(), int64(parallelism))
	require.Zero(t, api.repeated(t))
	requireProven(t, root, records)
}

// The plain temporal command starts a job like longhaul start, on queue longhaul.
func TestStartedByEitherCommand(t *testing.T) {
	t.Parallel()
	api := newCountingAPI(t, 500, time.Millisecond)
	root := t.TempDir()
	startWorker(t, shared, root, job.TaskQueue)
	address := []string{"--address", shared.local.Address()}
	spec := httpSpec(api.URL, 500, 20)
	writeSpec(t, root, spec)

	id := newID(t)
	out, code := runCommand(t, root, os.Getenv("TEMPORAL_CLI"), append([]string{"workflow", "start", "--task-queue", "longhaul",
		"--type", "BulkCall", "--workflow-id", id, "--input-file", "job.json"}, address...)...)
	require.Zero(t, code, out)
	out, code = runProgram(t, root, "longhaul", append([]string{"watch", id}, address...)...)
	require.Zero(t, code, out)
	require.Contains(t, out, "500 records done")
	requireProven(t, root, 500)

	other := newID(t)
	out, code = runProgram(t, root, "longhaul", append([]string{"start", "job.json", "--id", other, "--output", "other"}, address...)...)
	require.Zero(t, code, out)
	finishJob(t, shared.GetWorkflow(t.Context(), other, ""))
	out, code = runProgram(t, root, "longhaul", append([]string{"status", other}, address...)...)
	require.Zero(t, code, out)
	require.Contains(t, out, "500 records: 500 succeeded, 0 failed; 500 calls")
	require.FileExists(t, filepath.Join(root, "other", "_SUCCESS"))

	t.Run("bad input", func(t *testing.T) {
		for name, c := range map[string]struct{ spec, message string }{
			"misspelt": {`{"chunksize": 5}`, "chunksize: unknown field, did you mean chunk_size?"},
			"outside":  {`{"input":{"count":1},"output":{"uri":"../x"},"call":{"sleep":{"duration":"1ms"}}}`, "../x: the path leaves the worker's root"},
		} {
			require.NoError(t, os.WriteFile(filepath.Join(root, name+".json"), []byte(c.spec), 0o644))
			id := newID(t)
			out, code := runCommand(t, root, os.Getenv("TEMPORAL_CLI"), append([]string{"workflow", "start", "--task-queue", "longhaul",
				"--type", "BulkCall", "--workflow-id", id, "--input-file", name + ".json"}, address...)...)
			require.Zero(t, code, out)
			require.ErrorContains(t, shared.GetWorkflow(t.Context(), id, "").Get(t.Context(), nil), c.message)
		}
	})
}

// Promise 6: at most 13 history events per chunk.
func TestHistoryIsShort(t *testing.T) {
	t.Parallel()
	count := int64(20_000)
	spec := job.DefaultSpec()
	spec.Input.Count, spec.Output.URI = &count, "out"
	spec.Call.Sleep = &job.SleepSpec{Duration: job.Duration(5 * time.Millisecond)}
	spec.ChunkInterval = job.Duration(100 * time.Millisecond)
	root, id := t.TempDir(), newID(t)
	startWorker(t, shared, root, id)
	run := startJob(t, shared, id, spec)
	finishJob(t, run)
	events, chunks := 0, 0
	history := shared.GetWorkflowHistory(t.Context(), id, run.GetRunID(), false, enumspb.HISTORY_EVENT_FILTER_TYPE_ALL_EVENT)
	for history.HasNext() {
		event, err := history.Next()
		require.NoError(t, err)
		events++
		if event.GetActivityTaskScheduledEventAttributes().GetActivityType().GetName() == "ProcessChunk" {
			chunks++
		}
	}
	t.Logf("%d events for %d chunks: %.1f each", events, chunks, float64(events)/float64(chunks))
	require.LessOrEqual(t, events, 13*chunks)
}
