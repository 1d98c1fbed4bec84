package e2e

import (
	"context"
	"encoding/json"
	"log/slog"
	"os"
	"path/filepath"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"longhaul"
	"longhaul/calls"
	"longhaul/job"
)

// Promise 10: a worker that lacks something fails no record. The job says at once what is
// missing, goes on as soon as another worker has it, and both then stay on the queue.
func TestAWorkerThatLacksSomething(t *testing.T) {
	t.Parallel()
	const records = 2000
	api := newCountingAPI(t, 5*records, 5*time.Millisecond)
	square := calls.Func("square", func(_ context.Context, n int64) (map[string]int64, error) {
		return map[string]int64{"square": n * n}, nil
	})
	for name, c := range map[string]struct {
		change        func(*job.Spec)
		lacking, able []string
		function      bool
		message       string
	}{
		"variable": {
			func(s *job.Spec) { s.Call.HTTP.Headers = map[string]string{"X-Key": `{{env "LONGHAUL_KEY"}}`} },
			nil, []string{"--allow-env", "LONGHAUL_KEY"}, false, "does not allow the environment variable LONGHAUL_KEY: start it with --allow-env LONGHAUL_KEY",
		},
		"root": {nil, []string{"--root", t.TempDir()}, nil, false, "in.jsonl: there is no such file"},
		"host": {nil, []string{"--allow-host", "*.example.com"}, nil, false, "is not among the hosts that this worker may call: see --allow-host"},
		"exec": {
			func(s *job.Spec) {
				call := job.DefaultExecSpec()
				call.Command = []string{"sh", "-c", `while read n; do echo "{\"square\":$((n*n))}"; done`}
				s.Call = job.CallSpec{Exec: &call}
			}, nil, []string{"--allow-exec"}, false, "this worker does not run programs; start it with --allow-exec",
		},
		"function": {
			func(s *job.Spec) { s.Call = funcSpec("square", 1).Call }, nil, nil, true, `this worker has no function "square"`,
		},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			root, id := t.TempDir(), newID(t)
			writeNumbers(t, filepath.Join(root, "in.jsonl"), records)
			spec := httpSpec(api.URL, records, 20)
			spec.Input = job.InputSpec{URI: "in.jsonl"}
			spec.ChunkSize, spec.BatchSize, spec.MaxFailures = 50, 4, job.FailureLimit{}
			if c.change != nil {
				c.change(&spec)
			}
			lacking := startWorker(t, shared, root, id, c.lacking...)
			run := startJob(t, shared, id, spec)
			require.Eventually(t, func() bool {
				out, _ := runProgram(t, root, "longhaul", "status", id, "--address", shared.local.Address())
				return contains(out, "cannot take this job: ", c.message, "waiting for another worker")
			}, time.Minute, 200*time.Millisecond, "the job says it")
			if c.function {
				startPluginWorker(t, id, longhaul.PluginOptions{Root: root, Logger: slog.New(slog.DiscardHandler), Functions: []calls.Function{square}})
			} else {
				startWorkerWith(t, []string{"LONGHAUL_KEY=k"}, root, id, c.able...)
			}
			summary := finishJob(t, run)
			require.EqualValues(t, records, summary.Succeeded)
			require.EqualValues(t, records, summary.Attempts, "no call was made twice")
			requireProven(t, root, records)
			require.Contains(t, lacking.out.String(), "this worker cannot take the job: its tasks are passed on to other workers")
		})
	}
}

func writeNumbers(t *testing.T, name string, n int) {
	t.Helper()
	file, err := os.Create(name)
	require.NoError(t, err)
	lines := json.NewEncoder(file)
	for i := range n {
		require.NoError(t, lines.Encode(i))
	}
	require.NoError(t, file.Close())
}

// No worker has it: the job waits for capability_timeout, and ends with what to do.
func TestNoWorkerHasWhatTheJobNeeds(t *testing.T) {
	t.Parallel()
	root, id := t.TempDir(), newID(t)
	startWorker(t, shared, root, id)
	startWorker(t, shared, root, id)
	spec := httpSpec("http://127.0.0.1:1", 10, 1)
	spec.Call.HTTP.Headers = map[string]string{"X-Key": `{{env "LONGHAUL_KEY"}}`}
	spec.CapabilityTimeout = job.Duration(3 * time.Second)
	began := time.Now()
	err := startJob(t, shared, id, spec).Get(t.Context(), nil)
	require.ErrorContains(t, err, "no worker could take the job for 3s (capability_timeout); the last one said: call.http: "+
		"the worker does not allow the environment variable LONGHAUL_KEY: start it with --allow-env LONGHAUL_KEY")
	require.GreaterOrEqual(t, time.Since(began), 3*time.Second)
	require.NoDirExists(t, filepath.Join(root, "out"))
}

// The worker of longhaul run is the only one for its job: what it lacks is said at once.
func TestWhatARunLacksIsSaidAtOnce(t *testing.T) {
	t.Parallel()
	for name, c := range map[string]struct {
		change  func(*job.Spec)
		message string
	}{
		"input": {func(s *job.Spec) { s.Input = job.InputSpec{URI: "none.jsonl"} }, "none.jsonl: there is no such file"},
		"program": {func(s *job.Spec) {
			s.Call = job.CallSpec{Exec: &job.ExecSpec{Command: []string{"no-such-program"}, Timeout: 1e9, MaxResponseBytes: 9}}
		}, `the program "no-such-program" cannot be run`},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			dir := t.TempDir()
			spec := httpSpec("http://127.0.0.1:1", 10, 1)
			c.change(&spec)
			writeSpec(t, dir, spec)
			began := time.Now()
			run := runJob(t, dir)
			require.NotZero(t, run.wait())
			require.Contains(t, run.out.String(), c.message)
			require.NotContains(t, run.out.String(), "capability_timeout")
			require.Less(t, time.Since(began), time.Minute)
		})
	}
}
