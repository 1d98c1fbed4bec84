package e2e

import (
	"os"
	"path/filepath"
	"strconv"
	"strings"
	"syscall"
	"testing"
	"time"

	"github.com/stretchr/testify/require"
	enumspb "go.temporal.io/api/enums/v1"

	"longhaul/job"
)

// startWorkerAt starts a worker that reaches the server by another address.
func startWorkerAt(t *testing.T, address, root, queue string) *process {
	t.Helper()
	return launch(t, root, "longhaul-worker", "--address", address, "--root", root, "--task-queue", queue)
}

// A worker whose connection is silent makes no call when others make them: its calls in
// flight are cut off before, however long they would take.
func TestAWorkerThatIsCutOff(t *testing.T) {
	t.Parallel()
	const records, parallelism = 300, 40
	api := newCountingAPI(t, records, 6*time.Second, 100)
	root, id := t.TempDir(), newID(t)
	link := newLink(t, shared.local.Address())
	startWorkerAt(t, link.address(), root, id)
	startWorker(t, shared, root, id)
	spec := httpSpec(api.URL, records, parallelism)
	spec.ChunkSize = 50
	run := startJob(t, shared, id, spec)
	api.await(t, 100)
	link.cut()
	<-time.After(6 * time.Second) // three times the heartbeat timeout
	link.restore()
	finishJob(t, run)
	repeated := api.repeated(t)
	t.Logf("%d in flight at most, %d calls repeated", api.most.Load(), repeated)
	require.LessOrEqual(t, api.most.Load(), int64(parallelism))
	require.LessOrEqual(t, repeated, int64(parallelism))
	requireProven(t, root, records)
}

// A worker that was stopped for longer than the heartbeat timeout makes no more calls
// than those that it had in flight, and changes nothing that others have done since.
func TestAWorkerThatWasStopped(t *testing.T) {
	t.Parallel()
	const records, parallelism = 6000, 40
	api := newCountingAPI(t, records, 100*time.Millisecond, 800, 3000)
	root, id := t.TempDir(), newID(t)
	stopped := startWorker(t, shared, root, id)
	startWorker(t, shared, root, id)
	spec := httpSpec(api.URL, records, parallelism)
	spec.ChunkSize = 200
	run := startJob(t, shared, id, spec)
	for _, mark := range []int64{800, 3000} {
		api.await(t, mark)
		stopped.signal(syscall.SIGSTOP)
		<-time.After(5 * time.Second)
		stopped.signal(syscall.SIGCONT)
	}
	finishJob(t, run)
	repeated := api.repeated(t)
	t.Logf("%d in flight at most, %d calls repeated", api.most.Load(), repeated)
	require.LessOrEqual(t, api.most.Load(), int64(parallelism))
	require.LessOrEqual(t, repeated, int64(2*parallelism))
	requireProven(t, root, records)
}

// An idle worker is stopped, its long poll gets the first task of a redrive, another
// worker makes the redrive; when the first one wakes, it changes nothing.
func TestAnIdleWorkerThatWasStopped(t *testing.T) {
	t.Parallel()
	const records = 400
	api := newCountingAPI(t, records, time.Millisecond)
	root, id := t.TempDir(), newID(t)
	idle := startWorker(t, shared, root, id)
	finishJob(t, startJob(t, shared, id, httpSpec(api.URL, records, 20)))
	before := api.total.Load()
	idle.signal(syscall.SIGSTOP)
	again := httpSpec(api.URL, records, 20)
	again.Redrive = &job.RedriveSpec{}
	// Commits that are gone are made anew: there is something to do.
	require.NoError(t, os.Remove(filepath.Join(root, "out/_longhaul/commits/000000.json")))
	run := startJob(t, shared, id, again)
	<-time.After(time.Second)
	startWorker(t, shared, root, id)
	finishJob(t, run)
	require.LessOrEqual(t, api.total.Load(), before+records)
	made, files := api.total.Load(), tree(t, filepath.Join(root, "out"))
	idle.signal(syscall.SIGCONT)
	<-time.After(4 * time.Second)
	require.Equal(t, made, api.total.Load(), "calls after the end")
	require.Equal(t, files, tree(t, filepath.Join(root, "out")))
	requireProven(t, root, records)
}

// tree is the content of all files of an output, without the claims.
func tree(t *testing.T, dir string) map[string]string {
	t.Helper()
	files := map[string]string{}
	require.NoError(t, filepath.WalkDir(dir, func(path string, entry os.DirEntry, err error) error {
		if err != nil || entry.IsDir() || strings.Contains(path, "/owner/") {
			return err
		}
		data, err := os.ReadFile(path)
		files[path] = string(data)
		return err
	}))
	return files
}

// A reset gives the workflow a new run while the workers of the old one are at work. The
// new one waits for them; then it can be paused, tuned and resumed.
func TestResetWhileCallsAreMade(t *testing.T) {
	t.Parallel()
	const records, parallelism = 3000, 40
	api := newCountingAPI(t, records, 500*time.Millisecond, 600, 1500)
	root, id := t.TempDir(), newID(t)
	for range 3 {
		startWorker(t, shared, root, id)
	}
	spec := httpSpec(api.URL, records, parallelism)
	spec.ChunkSize, spec.BatchSize = 100, 2
	startJob(t, shared, id, spec)
	address := shared.local.Address()
	for _, mark := range []int64{600, 1500} {
		api.await(t, mark)
		out, code := runCommand(t, root, os.Getenv("TEMPORAL_CLI"), "workflow", "reset", "--address", address, "--workflow-id", id,
			"--type", "LastWorkflowTask", "--reason", "test")
		require.Zero(t, code, out)
	}
	out, code := runProgram(t, root, "longhaul", "tune", id, "--parallelism", "10", "--address", address)
	require.Zero(t, code, out)
	api.awaitInFlight(t, 10)
	out, code = runProgram(t, root, "longhaul", "pause", id, "--address", address)
	require.Zero(t, code, out)
	api.awaitInFlight(t, 0)
	paused := api.total.Load()
	<-time.After(time.Second)
	require.Equal(t, paused, api.total.Load())
	for _, command := range [][]string{{"tune", id, "--parallelism", "40"}, {"resume", id}} {
		out, code = runProgram(t, root, "longhaul", append(command, "--address", address)...)
		require.Zero(t, code, out)
	}
	var summary job.Summary
	require.NoError(t, shared.GetWorkflow(t.Context(), id, "").Get(t.Context(), &summary))
	repeated := api.repeated(t)
	t.Logf("%d in flight at most, %d calls repeated", api.most.Load(), repeated)
	require.EqualValues(t, records, summary.Succeeded)
	require.LessOrEqual(t, api.most.Load(), int64(parallelism))
	require.LessOrEqual(t, repeated, int64(2*parallelism))
	requireProven(t, root, records)
}

// secondTask is the event with which the second workflow task has completed.
func secondTask(t *testing.T, id string) string {
	t.Helper()
	history, completed := shared.GetWorkflowHistory(t.Context(), id, "", false, enumspb.HISTORY_EVENT_FILTER_TYPE_ALL_EVENT), 0
	for history.HasNext() {
		event, err := history.Next()
		require.NoError(t, err)
		if event.GetEventType() == enumspb.EVENT_TYPE_WORKFLOW_TASK_COMPLETED {
			if completed++; completed == 2 {
				return strconv.FormatInt(event.GetEventId(), 10)
			}
		}
	}
	require.FailNow(t, "there is no second task")
	return ""
}

// A job that has ended is reset to before its first chunk: all is done already, and no
// call is made.
func TestResetOfAJobThatHasEnded(t *testing.T) {
	t.Parallel()
	const records = 1000
	api := newCountingAPI(t, records, time.Millisecond)
	root, id := t.TempDir(), newID(t)
	startWorker(t, shared, root, id)
	spec := httpSpec(api.URL, records, 20)
	spec.ChunkSize, spec.BatchSize = 100, 2
	finishJob(t, startJob(t, shared, id, spec))
	out, code := runCommand(t, root, os.Getenv("TEMPORAL_CLI"), "workflow", "reset", "--address", shared.local.Address(), "--workflow-id", id,
		"--type", "FirstWorkflowTask", "--reason", "test")
	require.Zero(t, code, out)
	finishJob(t, shared.GetWorkflow(t.Context(), id, ""))

	// To where the input has just been indexed, and the run has its claim already.
	out, code = runCommand(t, root, os.Getenv("TEMPORAL_CLI"), "workflow", "reset", "--address", shared.local.Address(), "--workflow-id", id,
		"--event-id", secondTask(t, id), "--reason", "test")
	require.Zero(t, code, out)
	finishJob(t, shared.GetWorkflow(t.Context(), id, ""))
	require.Zero(t, api.repeated(t))
	requireProven(t, root, records)
}
