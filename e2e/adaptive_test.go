package e2e

import (
	"encoding/json"
	"fmt"
	"net/http"
	"net/http/httptest"
	"path"
	"strconv"
	"strings"
	"sync/atomic"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"longhaul/job"
)

// Two workers find what an API serves at once, say so, and keep to it. What is found is
// measured in package pool; here it is that all parts are connected.
func TestAParallelismThatTheWorkersFind(t *testing.T) {
	t.Parallel()
	const records, served = 6000, 30
	var serving, refused atomic.Int64
	api := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		defer serving.Add(-1)
		if serving.Add(1) > served {
			refused.Add(1)
			w.WriteHeader(http.StatusTooManyRequests)
			return
		}
		<-time.After(20 * time.Millisecond)
		n, _ := strconv.Atoi(path.Base(r.URL.Path))
		fmt.Fprintf(w, `{"square": %d}`, n*n)
	}))
	t.Cleanup(api.Close)
	root, id := t.TempDir(), newID(t)
	startWorker(t, shared, root, id)
	startWorker(t, shared, root, id)
	spec := httpSpec(api.URL, records, 300)
	spec.MinParallelism = 2
	run := startJob(t, shared, id, spec)
	require.Eventually(t, func() bool {
		p := progressOf(t, id)
		return len(p.Concurrency) > 0 && p.Concurrency[0].Reason == job.ConcurrencyRefused
	}, time.Minute, 100*time.Millisecond, "a receipt tells of it")
	out, code := runProgram(t, root, "longhaul", "status", id, "--json", "--address", shared.local.Address())
	require.Zero(t, code, out)
	var status struct{ Progress job.Progress }
	require.NoError(t, json.NewDecoder(strings.NewReader(out)).Decode(&status))
	require.Equal(t, 2, status.Progress.Settings.MinParallelism)
	require.NotEmpty(t, status.Progress.Concurrency)
	finishJob(t, run)
	require.Less(t, refused.Load(), int64(records/20))
	requireProven(t, root, records)
}
