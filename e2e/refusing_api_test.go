package e2e

import (
	"encoding/json"
	"fmt"
	"io"
	"net/http"
	"net/http/httptest"
	"os"
	"path/filepath"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"github.com/stretchr/testify/require"
	"golang.org/x/time/rate"

	"longhaul/job"
)

// refusingAPI asks a function for the status of each call, and counts.
type refusingAPI struct {
	*httptest.Server
	calls, refused, inFlight, most atomic.Int64
}

func newRefusingAPI(t *testing.T, latency time.Duration, status func(r *http.Request) int) *refusingAPI {
	t.Helper()
	a := &refusingAPI{}
	a.Server = httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		a.calls.Add(1)
		now := a.inFlight.Add(1)
		defer a.inFlight.Add(-1)
		for most := a.most.Load(); now > most && !a.most.CompareAndSwap(most, now); most = a.most.Load() {
		}
		code := status(r)
		if code == http.StatusTooManyRequests {
			a.refused.Add(1)
			w.Header().Set("Retry-After", "1")
		} else {
			<-time.After(latency)
		}
		w.WriteHeader(code)
		fmt.Fprintf(w, `{"status":%d}`, code)
	}))
	t.Cleanup(a.Close)
	return a
}

// A wrong key costs twenty calls, and says what was sent. With the right key the same
// command does all of it.
func TestAWrongKey(t *testing.T) {
	t.Parallel()
	const records = 2000
	api := newRefusingAPI(t, 5*time.Millisecond, func(r *http.Request) int {
		if r.Header.Get("Authorization") != "Bearer right" {
			return http.StatusUnauthorized
		}
		return http.StatusOK
	})
	dir := t.TempDir()
	spec := httpSpec(api.URL, records, 200)
	spec.Call.HTTP.Headers = map[string]string{"Authorization": "Bearer wrong"}
	writeSpec(t, dir, spec)
	address := []string{"run", "job.json", "--address", shared.local.Address()}
	out, code := runProgram(t, dir, "longhaul", address...)
	require.Equal(t, 1, code, out)
	require.Contains(t, out, "the first 20 calls have all failed in a way that no retry can fix (20 × http 401), so no other call was made")
	require.Contains(t, out, `http 401: Unauthorized: {"status":401}`, "what the API said")
	require.Contains(t, out, "GET "+api.URL+"/0\n")
	require.Contains(t, out, "Authorization: Bearer ***")
	require.EqualValues(t, 20, api.calls.Load())
	require.LessOrEqual(t, api.most.Load(), int64(20))

	spec.Call.HTTP.Headers["Authorization"] = "Bearer right"
	writeSpec(t, dir, spec)
	out, code = runProgram(t, dir, "longhaul", address...)
	require.Zero(t, code, out)
	require.Contains(t, out, "2,000 succeeded, 0 failed")
	require.EqualValues(t, records+20, api.calls.Load())
}

// With the key in the environment the same command goes on, and calls the records
// again that failed.
func TestTheRightKeyGoesOn(t *testing.T) {
	t.Parallel()
	const records = 2000
	api := newRefusingAPI(t, 5*time.Millisecond, func(r *http.Request) int {
		if r.Header.Get("Authorization") != "Bearer right" {
			return http.StatusUnauthorized
		}
		return http.StatusOK
	})
	root, id := t.TempDir(), newID(t)
	spec := httpSpec(api.URL, records, 200)
	spec.Call.HTTP.Headers = map[string]string{"Authorization": `Bearer {{env "KEY"}}`}
	for i, key := range []string{"wrong", "right"} {
		worker := startWorkerWith(t, []string{"KEY=" + key}, root, id, "--allow-env", "KEY")
		run := startJob(t, shared, id, spec)
		if i == 0 {
			require.ErrorContains(t, run.Get(t.Context(), nil), "20 × http 401")
			worker.kill()
			continue
		}
		summary := finishJob(t, run)
		require.EqualValues(t, records, summary.Succeeded)
	}
	require.EqualValues(t, records+20, api.calls.Load())
	stopped, err := os.ReadFile(filepath.Join(root, "out", "_longhaul", "stopped.json"))
	require.ErrorIs(t, err, os.ErrNotExist, string(stopped))
}

// An API that answers 500 to all gets few calls, and the job gives up.
func TestAnAPIThatAlwaysFails(t *testing.T) {
	t.Parallel()
	api := newRefusingAPI(t, time.Millisecond, func(*http.Request) int { return http.StatusInternalServerError })
	root, id := t.TempDir(), newID(t)
	startWorker(t, shared, root, id)
	spec := httpSpec(api.URL, 50_000, 200)
	spec.ChunkInterval = job.DefaultSpec().ChunkInterval
	spec.Outage.GiveUpAtStart = job.Duration(25 * time.Second)
	err := startJob(t, shared, id, spec).Get(t.Context(), nil)
	require.ErrorContains(t, err, "no call has succeeded in the first 25s")
	t.Logf("%d calls in 25 s", api.calls.Load())
	require.LessOrEqual(t, api.calls.Load(), int64(200))
}

// A limit of calls is used nearly in full, few calls are refused, and no record fails.
func TestAThrottledAPI(t *testing.T) {
	t.Parallel()
	const records, perSecond = 3000, 100
	var mu sync.Mutex
	limiter := rate.NewLimiter(perSecond, perSecond)
	api := newRefusingAPI(t, 50*time.Millisecond, func(*http.Request) int {
		mu.Lock()
		defer mu.Unlock()
		if !limiter.Allow() {
			return http.StatusTooManyRequests
		}
		return http.StatusOK
	})
	root, id := t.TempDir(), newID(t)
	startWorker(t, shared, root, id)
	began := time.Now()
	summary := finishJob(t, startJob(t, shared, id, httpSpec(api.URL, records, 200)))
	took := time.Since(began).Seconds()
	refused := float64(api.refused.Load()) / float64(api.calls.Load())
	t.Logf("%.2f of the limit, %.1f %% refused", records/took/perSecond, 100*refused)
	require.EqualValues(t, records, summary.Succeeded)
	require.EqualValues(t, records, summary.Attempts, "a refused call is no attempt")
	require.InDelta(t, api.refused.Load(), summary.Throttled, 5, "a refusal that is lost on the way is a transport error")
	require.LessOrEqual(t, refused, 0.15)
	require.Greater(t, records/took/perSecond, 0.7, "on a busy machine; see the test of the pool")
}

// max_failures is exact over workers: at most the calls in flight and those of a
// second come after it.
func TestMaxFailuresOverWorkers(t *testing.T) {
	t.Parallel()
	const parallelism, perSecond = 20, 200
	var succeeded atomic.Bool
	api := newRefusingAPI(t, 100*time.Millisecond, func(*http.Request) int {
		if succeeded.CompareAndSwap(false, true) {
			return http.StatusOK
		}
		return http.StatusNotFound
	})
	root, id := t.TempDir(), newID(t)
	startWorker(t, shared, root, id)
	startWorker(t, shared, root, id)
	spec := httpSpec(api.URL, 20_000, parallelism)
	spec.MaxFailures = job.FailureLimit{Value: 300}
	spec.HeartbeatTimeout = job.Duration(30 * time.Second)
	err := startJob(t, shared, id, spec).Get(t.Context(), nil)
	require.ErrorContains(t, err, "max_failures 300 exceeded")
	t.Logf("%d calls", api.calls.Load())
	require.LessOrEqual(t, api.calls.Load(), int64(1+300+parallelism+perSecond))
	stopped, err := os.ReadFile(filepath.Join(root, "out", "_longhaul", "stopped.json"))
	require.NoError(t, err)
	require.Contains(t, string(stopped), "max_failures 300 exceeded")
}

// A limit does the first records; the same job without it goes on.
func TestALimitAndOn(t *testing.T) {
	t.Parallel()
	api := newCountingAPI(t, 4000, time.Millisecond)
	root, id := t.TempDir(), newID(t)
	startWorker(t, shared, root, id)
	spec := httpSpec(api.URL, 4000, 50)
	spec.ChunkSize, spec.BatchSize = 100, 10
	spec.Input.Limit = 1500
	require.EqualValues(t, 1500, finishJob(t, startJob(t, shared, id, spec)).Succeeded)
	require.EqualValues(t, 1500, api.total.Load())
	out, code := runProgram(t, root, "longhaul", "verify", "out", "--root", root)
	require.Zero(t, code, out)
	require.Contains(t, out, "1,500 of 1,500 records")
	spec.Input.Limit = 0
	require.EqualValues(t, 4000, finishJob(t, startJob(t, shared, id, spec)).Succeeded)
	require.Zero(t, api.repeated(t))
	requireProven(t, root, 4000)
}

// Only the failed records cost time.
func TestARedriveOfFewRecords(t *testing.T) {
	t.Parallel()
	const records = 50_000
	var fixed atomic.Bool
	api := newRefusingAPI(t, 0, func(r *http.Request) int {
		var index int64
		if _, err := fmt.Sscanf(r.URL.Path, "/%d", &index); err == nil && index%500 == 7 && !fixed.Load() {
			return http.StatusNotFound
		}
		return http.StatusOK
	})
	root, id := t.TempDir(), newID(t)
	startWorker(t, shared, root, id)
	spec := httpSpec(api.URL, records, 200)
	require.EqualValues(t, 100, finishJob(t, startJob(t, shared, id, spec)).Failed)
	fixed.Store(true)
	spec.Redrive, spec.ChunkInterval = &job.RedriveSpec{}, job.DefaultSpec().ChunkInterval
	made, began := api.calls.Load(), time.Now()
	summary := finishJob(t, startJob(t, shared, id, spec))
	t.Logf("100 of %d records in %.1f s", records, time.Since(began).Seconds())
	require.EqualValues(t, 100, summary.Redriven)
	require.Zero(t, summary.Failed)
	require.EqualValues(t, 100, api.calls.Load()-made)
	out, code := runProgram(t, root, "longhaul", "verify", "out", "--root", root)
	require.Zero(t, code, out)
}

// An answer of 200 that is an error by what it says is called again, or fails, or
// stops the job, as the spec says.
func TestAnErrorInA200(t *testing.T) {
	t.Parallel()
	var calls sync.Map
	// Every second record, because all of them would be an outage.
	api := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		before, _ := calls.LoadOrStore(r.URL.Path, new(atomic.Int64))
		switch {
		case r.URL.Path == "/13":
			_, _ = io.WriteString(w, `{"error":{"code":"content"}}`)
		case before.(*atomic.Int64).Add(1) == 1 && strings.ContainsAny(r.URL.Path[len(r.URL.Path)-1:], "13579"):
			_, _ = io.WriteString(w, `{"error":{"code":"overloaded"}}`)
		default:
			_, _ = io.WriteString(w, `{"answer":{"text":"yes"}}`)
		}
	}))
	t.Cleanup(api.Close)
	root, id := t.TempDir(), newID(t)
	startWorker(t, shared, root, id)
	spec := httpSpec(api.URL, 100, 10)
	spec.Retry.InitialInterval = job.Duration(10 * time.Millisecond)
	spec.Call.HTTP.FailIf = `.body.error.code == "content"`
	spec.Call.HTTP.RetryIf = `.body.error != null`
	spec.Call.HTTP.Select = ".answer.text"
	summary := finishJob(t, startJob(t, shared, id, spec))
	require.EqualValues(t, 99, summary.Succeeded)
	require.EqualValues(t, 100+49, summary.Attempts, "each odd record but 13 is called twice")
	data, err := os.ReadFile(filepath.Join(root, "out", "errors-000000.jsonl"))
	require.NoError(t, err)
	var line struct {
		Index int
		Error job.CallError
	}
	require.NoError(t, json.Unmarshal(data, &line))
	require.Equal(t, 13, line.Index)
	require.Equal(t, job.CallError{Kind: "fail_if", Status: 200, Message: `the answer fits fail_if: {"error":{"code":"content"}}`}, line.Error)
}
