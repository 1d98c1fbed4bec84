package e2e

import (
	"fmt"
	"net/http"
	"net/http/httptest"
	"path/filepath"
	"strconv"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/chromedp/chromedp"
	"github.com/stretchr/testify/require"

	"longhaul/job"
)

// customersAPI answers faster or slower, knows some customers not, refuses others,
// and fails a few calls once.
func customersAPI(t *testing.T, began chan<- struct{}) (url string) {
	t.Helper()
	var first sync.Once
	var failed sync.Map
	server := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		customer, _ := strconv.Atoi(r.URL.Path[strings.LastIndex(r.URL.Path, "/")+1:])
		if customer == 3000 {
			first.Do(func() { close(began) })
		}
		select {
		case <-time.After(time.Duration(20+customer%40+customer%7*customer%13) * time.Millisecond):
		case <-r.Context().Done():
			return
		}
		switch {
		case customer%41 == 3:
			http.Error(w, fmt.Sprintf("customer %d not found", customer), http.StatusNotFound)
		case customer%173 == 5:
			http.Error(w, fmt.Sprintf(`postal code "%dX" unknown`, customer), http.StatusUnprocessableEntity)
		case customer%67 == 7:
			if _, twice := failed.LoadOrStore(customer, true); !twice {
				http.Error(w, "try again", http.StatusServiceUnavailable)
				return
			}
			fallthrough
		default:
			fmt.Fprintf(w, `{"customer":%d}`, customer)
		}
	}))
	t.Cleanup(server.Close)
	return server.URL
}

// The report of a job with failures, a pause and a changed setting in a real
// browser: wide and narrow, in light and in dark.
func TestTheReportInABrowser(t *testing.T) {
	t.Parallel()
	p := newTab(t)
	const records = 10_000
	began := make(chan struct{})
	dir, id := t.TempDir(), newID(t)
	spec := httpSpec(customersAPI(t, began), records, 100)
	spec.Call.HTTP.URL = strings.Replace(spec.Call.HTTP.URL, "/{{.}}", "/v1/customers/{{.}}", 1)
	require.Contains(t, spec.Call.HTTP.URL, "customers")
	spec.Retry.InitialInterval = job.Duration(10 * time.Millisecond)
	spec.ChunkSize, spec.ChunkInterval, spec.BatchSize = 200, job.Duration(20*time.Millisecond), 5
	writeSpec(t, dir, spec)
	run := launch(t, dir, "longhaul", "run", "job.json", "--id", id, "--address", shared.local.Address())
	await(t, began, "3000 calls")
	steered(t, dir, "pause", id)
	steered(t, dir, "resume", id)
	steered(t, dir, "tune", id, "--parallelism", "50")
	await(t, run.exited, "the end of the job")
	require.Zero(t, run.cmd.ProcessState.ExitCode(), run.out)
	require.Contains(t, run.out.String(), `× http 404 "Not Found: customer # not found" (first: record 3)`)
	require.True(t, strings.HasSuffix(run.out.String(), "\n  longhaul redrive out --status 404\n"), run.out)
	out, code := runProgram(t, dir, "longhaul", "report", "out")
	require.Zero(t, code, out)
	require.Contains(t, out, "out/report.html")
	out, code = runProgram(t, dir, "longhaul", "failures", "out")
	require.Zero(t, code, out)
	require.Contains(t, out, "of 10,000 records failed")

	for scheme, background := range map[string]string{"light": "rgb(255, 255, 255)", "dark": "rgb(13, 17, 23)"} {
		for _, width := range []int64{1100, 500} {
			p.do(chromedp.EmulateViewport(width, 1000), colorScheme(scheme), chromedp.Navigate("file://"+filepath.Join(dir, "out", "report.html")))
			require.Equal(t, background, awaitValue[string](p, "getComputedStyle(document.body).backgroundColor"))
			require.Len(t, awaitValue[[]float64](p, `[...document.querySelectorAll("figure svg")].map(s => s.getBoundingClientRect().height).filter(h => h > 50)`), 3)
			require.True(t, awaitValue[map[string]bool](p, `({fits: document.documentElement.scrollWidth <= window.innerWidth})`)["fits"], "%d px are enough", width)
			require.GreaterOrEqual(t, awaitValue[float64](p, `(() => {
				const texts = [...document.querySelectorAll("#throughput svg text")].filter(e => e.checkVisibility());
				return Math.min(...texts.map(e => e.getBoundingClientRect().height));
			})()`), 11.0, "text in a chart can be read")
			require.Empty(t, awaitValue[map[string][]string](p, `({found: performance.getEntriesByType("resource").map(r => r.name)})`)["found"], "nothing is loaded")
			require.Contains(t, p.text("//h1"), "of 10,000 records succeeded")
			require.Contains(t, p.text("//h1/code"), "/v1/customers/{record}")
			require.Contains(t, p.text("//*[@id='failures-table']"), `postal code "#" unknown`)
			marks := p.text("//*[@id='throughput']")
			require.Regexp(t, `paused [0-9.]+ s`, marks)
			require.Contains(t, marks, "parallelism 100→50")
			if width == 1100 {
				p.screenshot("report-" + scheme + ".png")
			}
		}
	}
}
