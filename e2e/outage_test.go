package e2e

import (
	"net/http"
	"net/http/httptest"
	"sync/atomic"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"longhaul/job"
)

// An API that is down fails no record: the job waits, says so, and goes on.
func TestAnAPIThatIsDown(t *testing.T) {
	t.Parallel()
	const records = 3000
	api := newCountingAPI(t, records, 10*time.Millisecond, 1000)
	var down atomic.Bool
	var refused atomic.Int64
	gate := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		if down.Load() {
			refused.Add(1)
			http.Error(w, "in maintenance", http.StatusServiceUnavailable)
			return
		}
		api.ServeHTTP(w, r)
	}))
	t.Cleanup(gate.Close)
	root, id := t.TempDir(), newID(t)
	startWorker(t, shared, root, id)
	spec := httpSpec(gate.URL, records, 40)
	spec.HeartbeatTimeout = job.Duration(time.Second)
	spec.Retry.MaximumAttempts = 3
	spec.Outage = job.OutageSpec{After: job.Duration(500 * time.Millisecond), ProbeInterval: job.Duration(2 * time.Second)}
	run := startJob(t, shared, id, spec)
	api.await(t, 1000)
	down.Store(true)

	require.Eventually(t, func() bool {
		out, _ := runProgram(t, root, "longhaul", "status", id, "--address", shared.local.Address())
		return refused.Load() > 0 && contains(out, "waiting: the API is down (http 503), for ")
	}, time.Minute, 100*time.Millisecond)
	require.Eventually(t, func() bool { return progressOf(t, id).Phase == job.PhaseWaiting }, 10*time.Second, 50*time.Millisecond)
	require.Equal(t, job.BottleneckAPI, progressOf(t, id).Bottleneck)
	require.Contains(t, progressOf(t, id).LastError, "http 503")
	before := refused.Load()
	<-time.After(5 * time.Second)
	require.LessOrEqual(t, refused.Load()-before, int64(3), "one call now and then")
	down.Store(false)

	summary := finishJob(t, run)
	require.EqualValues(t, records, summary.Succeeded)
	require.Equal(t, job.PhaseFinished, progressOf(t, id).Phase)
	require.Zero(t, api.repeated(t))
	requireProven(t, root, records)
}

// One that stays down ends the job with a clear error, and nothing is lost.
func TestAnAPIThatStaysDown(t *testing.T) {
	t.Parallel()
	root, id := t.TempDir(), newID(t)
	startWorker(t, shared, root, id)
	spec := httpSpec("http://127.0.0.1:1", 500, 40)
	spec.Outage = job.OutageSpec{
		After: job.Duration(500 * time.Millisecond), ProbeInterval: job.Duration(500 * time.Millisecond), GiveUp: job.Duration(2 * time.Second),
	}
	err := startJob(t, shared, id, spec).Get(t.Context(), nil)
	require.ErrorContains(t, err, "nearly all calls have failed for 2s, the last with transport; what was done")
	require.ErrorContains(t, err, "start the job again with the same output to go on")
}
