package e2e

import (
	"encoding/json"
	"os"
	"path/filepath"
	"testing"
	"time"

	"github.com/google/uuid"
	"github.com/stretchr/testify/require"
	"go.temporal.io/sdk/client"

	"longhaul/job"
)

// httpSpec calls the API for each of n counted records.
func httpSpec(api string, n int64, parallelism int) job.Spec {
	spec := job.DefaultSpec()
	call := job.DefaultHTTPSpec()
	call.URL = api + "/{{.}}"
	spec.Input.Count = &n
	spec.Output.URI = "out"
	spec.Call.HTTP = &call
	spec.Parallelism = parallelism
	spec.ChunkInterval = 0
	spec.HeartbeatTimeout = job.Duration(2 * time.Second)
	return spec
}

// newID is a workflow id and a task queue that no other test has.
func newID(t *testing.T) string { return t.Name() + "-" + uuid.NewString()[:8] }

func startJob(t *testing.T, s *server, id string, spec job.Spec) client.WorkflowRun {
	t.Helper()
	run, err := s.ExecuteWorkflow(t.Context(), client.StartWorkflowOptions{ID: id, TaskQueue: id}, job.WorkflowType, spec)
	require.NoError(t, err)
	return run
}

func finishJob(t *testing.T, run client.WorkflowRun) job.Summary {
	t.Helper()
	var summary job.Summary
	require.NoError(t, run.Get(t.Context(), &summary))
	return summary
}

// requireProven runs our own verify, and reads the parts without our code too.
func requireProven(t *testing.T, root string, n int64) {
	t.Helper()
	out, code := runProgram(t, root, "longhaul", "verify", "out", "--root", root)
	require.Zero(t, code, out)
	require.Contains(t, out, "proven")
	next := int64(0)
	parts, err := filepath.Glob(filepath.Join(root, "out", "part-*.jsonl"))
	require.NoError(t, err)
	for _, part := range parts {
		file, err := os.Open(part)
		require.NoError(t, err)
		lines := json.NewDecoder(file)
		for lines.More() {
			var line struct {
				Index, Input int64
				Output       struct{ Square int64 }
			}
			require.NoError(t, lines.Decode(&line))
			require.Equal(t, next, line.Index)
			require.Equal(t, next, line.Input)
			require.Equal(t, next*next, line.Output.Square)
			next++
		}
		require.NoError(t, file.Close())
	}
	require.Equal(t, n, next)
}
