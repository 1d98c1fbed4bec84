package e2e

import (
	"encoding/json"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"longhaul/job"
)

// A record that ends the worker's process each time it is tried is identified
// and fails; all others are answered.
func TestPoisonIsIdentified(t *testing.T) {
	t.Parallel()
	build := exec.Command("go", "build", "-o", filepath.Join(binDir, "poison"), "./e2e/testdata/poison")
	build.Dir = ".."
	out, err := build.CombinedOutput()
	require.NoError(t, err, string(out))
	root, id := t.TempDir(), newID(t)
	count := int64(2000)
	spec := job.DefaultSpec()
	spec.Input.Count, spec.Output.URI = &count, "out"
	spec.Call.Func = &job.FuncSpec{Name: "square"}
	spec.Parallelism, spec.ChunkInterval, spec.HeartbeatTimeout = 40, 0, job.Duration(time.Second)
	spec.MaxFailures = job.FailureLimit{Value: 2}
	run := startJob(t, shared, id, spec)

	// What a supervisor does.
	deaths, ended := 0, make(chan struct{})
	go func() {
		defer close(ended)
		_ = run.Get(t.Context(), nil)
	}()
	for over := false; !over; {
		worker := launch(t, root, "poison", "--address", shared.local.Address(), "--root", root, "--task-queue", id)
		select {
		case <-worker.exited:
			require.Equal(t, 3, worker.wait(), worker.out)
			deaths++
			require.LessOrEqual(t, deaths, 14, "seven for each: the first is not marked, then 10 in flight, 3, 1 three times")
		case <-ended:
			over = true
		}
	}
	summary := finishJob(t, run)
	require.EqualValues(t, 1998, summary.Succeeded)
	require.EqualValues(t, 2, summary.Failed)
	t.Logf("%d deaths for two poisonous records", deaths)

	parts, err := filepath.Glob(filepath.Join(root, "out", "errors-*.jsonl"))
	require.NoError(t, err)
	var poisoned []int64
	for _, part := range parts {
		data, err := os.ReadFile(part)
		require.NoError(t, err)
		for line := range strings.Lines(string(data)) {
			var failed struct {
				Index int64
				Error job.CallError
			}
			require.NoError(t, json.Unmarshal([]byte(line), &failed))
			require.Equal(t, "poison", failed.Error.Kind)
			require.Contains(t, failed.Error.Message, "process died")
			poisoned = append(poisoned, failed.Index)
		}
	}
	require.Equal(t, []int64{333, 1500}, poisoned)
	verified, code := runProgram(t, root, "longhaul", "verify", "out", "--root", root)
	require.Zero(t, code, verified)
}

// A worker that is killed again and again, for whatever reason, fails no record.
func TestKillsAreNoPoison(t *testing.T) {
	t.Parallel()
	const records, parallelism = 60, 20
	api := newCountingAPI(t, records, 3*time.Second)
	root, id := t.TempDir(), newID(t)
	spec := httpSpec(api.URL, records, parallelism)
	spec.ChunkSize, spec.HeartbeatTimeout = 20, job.Duration(time.Second)
	run := startJob(t, shared, id, spec)
	for _, life := range []float64{2, 2.5, 4, 2, 3.5, 2, 5} {
		worker := startWorker(t, shared, root, id)
		<-time.After(time.Duration(life * float64(time.Second)))
		worker.kill()
	}
	startWorker(t, shared, root, id)
	summary := finishJob(t, run)
	t.Logf("%d calls repeated", api.repeated(t))
	require.EqualValues(t, records, summary.Succeeded)
	require.LessOrEqual(t, api.most.Load(), int64(parallelism))
	requireProven(t, root, records)
}
