package e2e

import (
	"encoding/json"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"longhaul/job"
)

// A spec that kills the worker that indexes its input is refused, before it has killed
// all workers in turn again and again. The kills here come from outside, while a template
// that takes long is tried.
func TestASpecThatKillsIndexingWorkersIsRefused(t *testing.T) {
	t.Parallel()
	api := newCountingAPI(t, 10, time.Millisecond)
	root, id := t.TempDir(), newID(t)
	spec := httpSpec(api.URL, 10, 1)
	spec.HeartbeatTimeout = job.Duration(time.Second)
	spec.Call.HTTP.URL = api.URL + "/{{.}}?x={{range 10000000}}{{end}}"
	run := startJob(t, shared, id, spec)
	for deaths := range 3 {
		worker := startWorker(t, shared, root, id)
		require.Eventually(t, func() bool {
			begun := heartbeatOf(t, id)
			return begun != nil && begun.Begun == deaths+1
		}, 30*time.Second, 20*time.Millisecond)
		worker.kill()
	}
	startWorker(t, shared, root, id)
	err := run.Get(t.Context(), nil)
	require.ErrorContains(t, err, "3 workers in a row have died, or were killed, while they indexed the input")
	require.ErrorContains(t, err, string(job.KindSpec))
	require.Zero(t, api.total.Load())
}

// heartbeatOf is the last one of the workflow's first pending activity; nil if there is none.
func heartbeatOf(t *testing.T, id string) *job.Heartbeat {
	t.Helper()
	described, err := shared.DescribeWorkflowExecution(t.Context(), id, "")
	require.NoError(t, err)
	for _, pending := range described.GetPendingActivities() {
		for _, payload := range pending.GetHeartbeatDetails().GetPayloads() {
			var beat job.Heartbeat
			require.NoError(t, json.Unmarshal(payload.GetData(), &beat))
			return &beat
		}
	}
	return nil
}
