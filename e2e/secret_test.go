package e2e

import (
	"io/fs"
	"net/http"
	"net/http/httptest"
	"os"
	"path/filepath"
	"sync/atomic"
	"testing"
	"time"

	"github.com/stretchr/testify/require"
	enumspb "go.temporal.io/api/enums/v1"

	"longhaul/job"
)

const canary = "canary-93f1c0"

// A secret goes to the API and nowhere else: not to the history, the output, a
// journal, job.json, an error or a log.
func TestASecretGoesToTheAPIOnly(t *testing.T) {
	var sent atomic.Int64
	api := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		if r.Header.Get("Authorization") != "Bearer "+canary || r.URL.Query().Get("key") != canary {
			http.Error(w, "who are you?", http.StatusUnauthorized)
			return
		}
		switch sent.Add(1) % 4 {
		case 0:
			w.WriteHeader(http.StatusNotFound)
		case 1:
			panic(http.ErrAbortHandler) // the connection breaks
		default:
			_, _ = w.Write([]byte("1"))
		}
	}))
	t.Cleanup(api.Close)
	t.Setenv("LONGHAUL_TEST_TOKEN", canary)
	root, id := t.TempDir(), newID(t)
	worker := startWorker(t, shared, root, id, "--allow-env", "LONGHAUL_TEST_TOKEN", "--log-level", "debug")
	spec := httpSpec("", 400, 20)
	spec.Call.HTTP.URL = api.URL + `/{{.}}?key={{env "LONGHAUL_TEST_TOKEN"}}`
	spec.Call.HTTP.Headers = map[string]string{"Authorization": `Bearer {{env "LONGHAUL_TEST_TOKEN"}}`}
	spec.Retry.MaximumAttempts, spec.MaxFailures = 2, job.FailureLimit{Value: 100, Percent: true}
	spec.ChunkSize, spec.BatchSize = 100, 1
	run := startJob(t, shared, id, spec)
	summary := finishJob(t, run)
	require.Positive(t, summary.Failed)
	require.Positive(t, summary.Succeeded)

	files := 0
	require.NoError(t, filepath.WalkDir(root, func(path string, entry fs.DirEntry, err error) error {
		if err != nil || entry.IsDir() {
			return err
		}
		files++
		data, err := os.ReadFile(path)
		require.NotContains(t, string(data), canary, path)
		return err
	}))
	require.Greater(t, files, 8)
	require.NotContains(t, worker.out.String(), canary)
	events := shared.GetWorkflowHistory(t.Context(), id, run.GetRunID(), false, enumspb.HISTORY_EVENT_FILTER_TYPE_ALL_EVENT)
	for events.HasNext() {
		event, err := events.Next()
		require.NoError(t, err)
		require.NotContains(t, event.String(), canary)
	}

	// A worker that does not allow the name says so, before the first call.
	before := sent.Load()
	other := newID(t)
	startWorker(t, shared, root, other)
	spec.Output.URI, spec.CapabilityTimeout = "other", job.Duration(time.Second)
	require.ErrorContains(t, startJob(t, shared, other, spec).Get(t.Context(), nil), "start it with --allow-env LONGHAUL_TEST_TOKEN")
	require.Equal(t, before, sent.Load())
}
