package e2e

import (
	"net/http"
	"net/http/httptest"
	"path/filepath"
	"strconv"
	"strings"
	"sync/atomic"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"longhaul/job"
)

// brokenAPI refuses each tenth record with 422 and each tenth with 500 until it
// is mended.
type brokenAPI struct {
	*countingAPI
	gate             *httptest.Server
	no422, no500     atomic.Bool
	refused, keysTwo atomic.Int64
}

func newBrokenAPI(t *testing.T, n int, marks ...int64) *brokenAPI {
	t.Helper()
	b := &brokenAPI{countingAPI: newCountingAPI(t, n, 5*time.Millisecond, marks...)}
	b.gate = httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		index, _ := strconv.Atoi(strings.TrimPrefix(r.URL.Path, "/"))
		switch {
		case index%10 == 0 && !b.no422.Load():
			b.refused.Add(1)
			http.Error(w, "postal code unknown", http.StatusUnprocessableEntity)
		case index%10 == 5 && !b.no500.Load():
			b.refused.Add(1)
			http.Error(w, "oh", http.StatusInternalServerError)
		default:
			if strings.HasSuffix(r.Header.Get("Idempotency-Key"), "-1-"+strconv.Itoa(index)) {
				b.keysTwo.Add(1)
			}
			b.ServeHTTP(w, r)
		}
	}))
	t.Cleanup(b.gate.Close)
	return b
}

func redriveSpec(b *brokenAPI, n int64) job.Spec {
	spec := httpSpec(b.gate.URL, n, 100)
	spec.Call.HTTP.Method = http.MethodPost
	spec.Retry.MaximumAttempts = 1
	spec.MaxFailures = job.FailureLimit{Value: 50, Percent: true}
	spec.ChunkSize, spec.BatchSize = 500, 2
	return spec
}

// Only the failed records are called again, those that are asked for, and the
// output is proven as before; killed in between, too.
func TestRedrive(t *testing.T) {
	t.Parallel()
	const records = 4000
	api := newBrokenAPI(t, records, 3200+150)
	dir := t.TempDir()
	writeSpec(t, dir, redriveSpec(api, records))
	address := []string{"--address", shared.local.Address()}
	out, code := runProgram(t, dir, "longhaul", append([]string{"run", "job.json"}, address...)...)
	require.Zero(t, code, out)
	require.Contains(t, out, `400 × http 422 "Unprocessable Entity: postal code unknown" (first: record 0)`)
	require.EqualValues(t, 3200, api.total.Load())

	api.no422.Store(true)
	first := launch(t, dir, "longhaul", append([]string{"redrive", "out", "--kind", "http", "--status", "4xx"}, address...)...)
	api.await(t, 3200+150)
	first.kill()
	out, code = runProgram(t, dir, "longhaul", append([]string{"redrive", "out", "--kind", "http", "--status", "4xx"}, address...)...)
	require.Zero(t, code, out)
	require.Contains(t, out, `400 × http 500 "Internal Server Error: oh" (first: record 5)`)
	require.NotContains(t, out, "422")
	require.LessOrEqual(t, api.total.Load(), int64(3600+100), "the killed ones only are repeated")
	require.EqualValues(t, 800, api.refused.Load(), "the others are not called")
	out, code = runProgram(t, dir, "longhaul", "verify", "out")
	require.Zero(t, code, out)
	require.Contains(t, out, "4,000 of 4,000 records in parts (3,600 succeeded, 400 failed")

	// All that is left, with another call.
	api.no500.Store(true)
	spec := redriveSpec(api, records)
	spec.Call.HTTP.Headers = map[string]string{"X-Mended": "yes"}
	writeSpec(t, dir, spec)
	out, code = runProgram(t, dir, "longhaul", append([]string{"redrive", "out", "--spec", "job.json"}, address...)...)
	require.Zero(t, code, out)
	require.Contains(t, out, "400 failed records were called again")
	require.EqualValues(t, 400, api.keysTwo.Load(), "another call, another idempotency key")
	requireProven(t, dir, records)
	left, err := filepath.Glob(filepath.Join(dir, "out", "errors-*"))
	require.NoError(t, err)
	require.Empty(t, left)

	out, code = runProgram(t, dir, "longhaul", append([]string{"redrive", "out"}, address...)...)
	require.Zero(t, code, out)
	require.Contains(t, out, "0 failed records were called again")
}

// The same for a job on a server, by its id.
func TestRedriveByID(t *testing.T) {
	t.Parallel()
	const records = 1000
	api := newBrokenAPI(t, records)
	root, id := t.TempDir(), newID(t)
	startWorker(t, shared, root, id)
	require.EqualValues(t, 200, finishJob(t, startJob(t, shared, id, redriveSpec(api, records))).Failed)
	api.no422.Store(true)
	api.no500.Store(true)
	out, code := runProgram(t, root, "longhaul", "redrive", id, "--address", shared.local.Address())
	require.Zero(t, code, out)
	summary := finishJob(t, shared.GetWorkflow(t.Context(), id, ""))
	require.EqualValues(t, 200, summary.Redriven)
	require.Zero(t, summary.Failed)
	require.Zero(t, api.repeated(t))
	requireProven(t, root, records)

	out, code = runProgram(t, root, "longhaul", "redrive", "nothing", "--address", shared.local.Address())
	require.Equal(t, 1, code)
	require.Contains(t, out, "there is no folder nothing, and no job of that id on the Temporal server")
}
