package e2e

import (
	"fmt"
	"net/http"
	"strings"
	"testing"
	"time"

	"github.com/chromedp/chromedp"
	"github.com/stretchr/testify/require"

	"longhaul/job"
)

// What the Temporal Web UI shows of a running job, in a real browser.
func TestTheWebUI(t *testing.T) {
	t.Parallel()
	p := newTab(t)
	const records = 20_000
	api := newRefusingAPI(t, 10*time.Millisecond, func(r *http.Request) int {
		if strings.HasSuffix(r.URL.Path, "77") {
			return http.StatusNotFound
		}
		return http.StatusOK
	})
	root, id := t.TempDir(), "nightly"
	s, err := startServer(t.TempDir())
	require.NoError(t, err)
	t.Cleanup(s.stop)
	startWorker(t, s, root, job.TaskQueue)
	spec := httpSpec(api.URL, records, 40)
	spec.ChunkInterval = job.Duration(200 * time.Millisecond)
	spec.ChunkSize = 500
	writeSpec(t, root, spec)
	out, code := runProgram(t, root, "longhaul", "start", "job.json", "--id", id, "--address", s.local.Address())
	require.Zero(t, code, out)
	require.Eventually(t, func() bool { return api.calls.Load() > 11_500 }, time.Minute, 50*time.Millisecond)
	out, code = runProgram(t, root, "longhaul", "tune", id, "--chunk-interval", "30s", "--address", s.local.Address())
	require.Zero(t, code, out)
	require.Eventually(t, func() bool { return api.inFlight.Load() == 0 }, time.Minute, 50*time.Millisecond)
	described, err := s.DescribeWorkflowExecution(t.Context(), id, "")
	require.NoError(t, err)
	page := fmt.Sprintf("%s/namespaces/default/workflows/%s/%s", s.local.UI(), id, described.GetWorkflowExecutionInfo().GetExecution().GetRunId())

	p.do(chromedp.Navigate(page + "/user-metadata"))
	require.Equal(t, "calls for every record, to out", p.markdown("Summary", "").Text)
	details := p.markdown("Details", "")
	require.Contains(t, details.Text, "input: 20,000 numbers")
	require.True(t, details.Whole)
	progress := p.markdown("Current Details", "running")
	require.True(t, progress.Whole, "no row is cut off")
	rows := map[string]string{}
	for _, row := range progress.Rows {
		rows[row[0]] = row[1]
	}
	require.Equal(t, "running", rows["state"])
	require.Regexp(t, `^[1-9][0-9,]* of 20,000 \([0-9.]+ %\)$`, rows["records"])
	require.Regexp(t, `^p50 [0-9]+ ms, p95 [0-9]+ ms, p99 [0-9]+ ms$`, rows["latency"])
	require.Equal(t, "parallelism 40, chunk_interval 30s, max_failures 10%", rows["settings"])
	require.Equal(t, "chunk_interval", rows["limited by"])
	require.Regexp(t, `^1[0-9][0-9] \(1.0 %\), 10 % tolerated$`, rows["failed"])
	require.Equal(t, "GET "+api.URL+"/{{.}}", rows["call"])
	require.Equal(t, "index the input", p.text("//p[normalize-space()='Activity']/following-sibling::span"))
	require.Equal(t, "chunk interval", p.text("//p[normalize-space()='Timer']/following-sibling::span"))
	p.screenshot("progress.png")

	p.click("//*[@id='history-tab']")
	require.Contains(t, p.text("//*[local-name()='svg']//*[local-name()='text'][contains(., 'ProcessChunk')]"), "records ")

	p.click("//*[@id='queries-tab']")
	p.click("//*[@id='query-select']/ancestor::button")
	require.Contains(t, p.text("//li[@role='option'][contains(., 'progress')]"), "How the job stands")
	for kind, names := range map[string][]string{"signal": {"pause", "resume", "tune", "outage"}, "update": {"pause", "resume", "tune"}} {
		p.click("//button[@aria-controls='workflow-actions']")
		p.click("//li[@data-testid='" + kind + "-button']")
		p.click("//dialog[@open]//*[@id='" + kind + "-select']/ancestor::button")
		for _, name := range names {
			text := p.text("//dialog[@open]//li[@role='option'][contains(., '" + name + "')]")
			require.Greater(t, len(text), len(name)+10, "a description: %s", text)
		}
		p.click("//dialog[@open]//button[normalize-space()='Cancel']")
	}
	require.NoError(t, s.TerminateWorkflow(t.Context(), id, "", "test"))
}
