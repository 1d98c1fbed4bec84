package e2e

import (
	"context"
	"encoding/json"
	"errors"
	"os"
	"sync/atomic"
	"testing"
	"time"

	"github.com/stretchr/testify/require"
	"go.temporal.io/api/serviceerror"

	"longhaul/job"
)

// progressOf asks the workflow. A query that the server has given to a worker that was killed
// ends with a deadline, and is asked again.
func progressOf(t *testing.T, id string) (p job.Progress) {
	t.Helper()
	answer, err := shared.QueryWorkflow(t.Context(), id, "", job.QueryProgress)
	for range 2 {
		if !errors.Is(err, context.DeadlineExceeded) && !errors.As(err, new(*serviceerror.DeadlineExceeded)) {
			break
		}
		answer, err = shared.QueryWorkflow(t.Context(), id, "", job.QueryProgress)
	}
	require.NoError(t, err)
	require.NoError(t, answer.Get(&p))
	return p
}

// steered runs a command that changes a job, and waits for the two seconds after which
// it must be in force.
func steered(t *testing.T, root string, args ...string) string {
	t.Helper()
	out, code := runProgram(t, root, "longhaul", append(args, "--address", shared.local.Address())...)
	require.Zero(t, code, out)
	<-time.After(2 * time.Second)
	return out
}

// Lowered and raised, with two workers and in running chunks, the parallelism is
// kept at every moment. Only upper bounds are measured against the clock, and a lower
// one that is a third of what a machine with nothing else to do reaches.
func TestParallelismIsTuned(t *testing.T) {
	t.Parallel()
	const records = 12_000
	api := newCountingAPI(t, records, 100*time.Millisecond, 1000)
	root, id := t.TempDir(), newID(t)
	startWorker(t, shared, root, id)
	startWorker(t, shared, root, id)
	run := startJob(t, shared, id, httpSpec(api.URL, records, 200))
	api.await(t, 1000)
	require.LessOrEqual(t, api.most.Load(), int64(200))

	out := steered(t, root, "tune", id, "--parallelism", "10")
	require.Contains(t, out, "parallelism 10")
	api.awaitInFlight(t, 10)
	api.most.Store(0)
	before := api.total.Load()
	<-time.After(3 * time.Second)
	require.LessOrEqual(t, api.most.Load(), int64(10))
	require.Greater(t, api.total.Load(), before+100, "and used")

	api.most.Store(0)
	steered(t, root, "tune", id, "--parallelism", "400", "--max-failures", "5%")
	<-time.After(time.Second)
	require.LessOrEqual(t, api.most.Load(), int64(400))
	require.Greater(t, api.most.Load(), int64(200))

	finishJob(t, run)
	require.LessOrEqual(t, api.most.Load(), int64(400))
	require.Zero(t, api.repeated(t))
	requireProven(t, root, records)
	p := progressOf(t, id)
	require.GreaterOrEqual(t, p.Latency.P50, 99.0)
	require.GreaterOrEqual(t, p.Latency.P99, p.Latency.P50)
	require.Positive(t, p.Rate)
	changes := p.Changes
	require.Len(t, changes, 3)
	require.Equal(t, "parallelism: 200 → 10", changes[0].String())
	require.Equal(t, "parallelism: 10 → 400", changes[1].String())
	require.Equal(t, "max_failures: 10% → 5%", changes[2].String())
	for _, change := range changes {
		require.Contains(t, change.By, "@", "who asked")
		require.WithinDuration(t, time.Now(), change.At, time.Minute)
	}
}

// Paused for longer than any timeout, killed meanwhile, resumed: no call starts,
// nothing is lost or repeated.
func TestPauseAndResume(t *testing.T) {
	t.Parallel()
	const records = 3000
	api := newCountingAPI(t, records, 20*time.Millisecond, 500)
	root, id := t.TempDir(), newID(t)
	worker := startWorker(t, shared, root, id)
	spec := httpSpec(api.URL, records, 40)
	spec.HeartbeatTimeout = job.Duration(time.Second)
	spec.Call.HTTP.Timeout = job.Duration(2 * time.Second)
	run := startJob(t, shared, id, spec)
	api.await(t, 500)
	require.Contains(t, steered(t, root, "pause", id), "is paused")
	api.awaitInFlight(t, 0)
	before := api.total.Load()
	<-time.After(4 * time.Second)
	require.Equal(t, before, api.total.Load(), "no call starts")
	require.Equal(t, job.PhasePaused, progressOf(t, id).Phase)
	out, code := runProgram(t, root, "longhaul", "pause", id, "--address", shared.local.Address())
	require.Equal(t, 1, code)
	require.Contains(t, out, "the job is paused already")

	worker.kill()
	startWorker(t, shared, root, id)
	<-time.After(5 * time.Second)
	require.Equal(t, before, api.total.Load(), "nor after a crash")
	require.Contains(t, steered(t, root, "resume", id), "runs")
	finishJob(t, run)
	require.Zero(t, api.repeated(t))
	requireProven(t, root, records)
}

// The same by signals, for older clients, and by the plain temporal command.
func TestSteeredByTheTemporalCommand(t *testing.T) {
	t.Parallel()
	const records = 5000
	api := newCountingAPI(t, records, 20*time.Millisecond, 300)
	root, id := t.TempDir(), newID(t)
	startWorker(t, shared, root, id)
	run := startJob(t, shared, id, httpSpec(api.URL, records, 10))
	api.await(t, 300)
	temporal := func(args ...string) (string, int) {
		t.Helper()
		return runCommand(t, root, os.Getenv("TEMPORAL_CLI"), append(args, "--workflow-id", id, "--address", shared.local.Address())...)
	}
	do := func(args ...string) {
		t.Helper()
		out, code := temporal(args...)
		require.Zero(t, code, out)
	}
	do("workflow", "update", "execute", "--name", "pause")
	require.True(t, progressOf(t, id).Settings.Paused)
	// While it is paused it does not end.
	for input, message := range map[string]string{
		`{"parallelism": 0}`:  "parallelism: 0 is out of range; give 1 to 100000",
		`{"paralelism": 5}`:   "paralelism: unknown field, did you mean parallelism?",
		`{"rate": -1}`:        "rate: -1 is out of range",
		`{}`:                  "name at least one of parallelism",
		`{"rate": "quickly"}`: "found a JSON string where a number belongs",
	} {
		out, code := temporal("workflow", "update", "execute", "--name", "tune", "--input", input)
		require.NotZero(t, code, out)
		require.Contains(t, out, message)
	}
	do("workflow", "signal", "--name", "resume")
	require.Eventually(t, func() bool { return !progressOf(t, id).Settings.Paused }, 10*time.Second, 50*time.Millisecond)
	do("workflow", "update", "execute", "--name", "tune", "--input", `{"parallelism": 60, "rate": 500, "max_failures": "5%"}`)
	do("workflow", "signal", "--name", "tune", "--input", `{"parallelism": 100, "rate": 0}`)
	require.Eventually(t, func() bool { return progressOf(t, id).Settings.Parallelism == 100 }, 10*time.Second, 50*time.Millisecond)

	finishJob(t, run)
	require.Zero(t, api.repeated(t))
	changes := progressOf(t, id).Changes
	what := make([]string, 0, len(changes))
	for _, change := range changes {
		what = append(what, change.String())
		require.Contains(t, change.By, "@", change)
	}
	require.Equal(t, []string{
		"paused: false → true", "paused: true → false",
		"parallelism: 10 → 60", "rate: 0 → 500", "max_failures: 10% → 5%", "parallelism: 60 → 100", "rate: 500 → 0",
	}, what)

	out, code := runProgram(t, root, "longhaul", "pause", id, "--address", shared.local.Address())
	require.Equal(t, 1, code)
	require.Contains(t, out, "is not running")
	control, err := os.ReadFile(root + "/out/_longhaul/control.json")
	require.NoError(t, err)
	var kept job.Control
	require.NoError(t, json.Unmarshal(control, &kept))
	require.Len(t, kept.Changes, len(what), "the folder keeps them too")
	require.Contains(t, kept.Changes[0].By, "@")
}

// Fewer calls than lanes: some lanes are closed, and their chunks go on elsewhere.
func TestFewerCallsThanLanes(t *testing.T) {
	t.Parallel()
	const records = 3000
	api := newCountingAPI(t, records, 10*time.Millisecond, 600)
	root, id := t.TempDir(), newID(t)
	startWorker(t, shared, root, id)
	startWorker(t, shared, root, id)
	run := startJob(t, shared, id, httpSpec(api.URL, records, 100))
	api.await(t, 600)
	steered(t, root, "tune", id, "--parallelism", "1")
	var most atomic.Int64
	api.most.Store(0)
	<-time.After(2 * time.Second)
	most.Store(api.most.Load())
	require.EqualValues(t, 1, most.Load())
	steered(t, root, "tune", id, "--parallelism", "100", "--rate", "3")
	before := api.total.Load()
	<-time.After(4 * time.Second)
	require.InDelta(t, 12, api.total.Load()-before, 5)
	steered(t, root, "tune", id, "--rate", "0")
	finishJob(t, run)
	require.Zero(t, api.repeated(t))
	requireProven(t, root, records)
}
