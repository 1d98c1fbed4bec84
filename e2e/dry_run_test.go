package e2e

import (
	"net/http"
	"os"
	"path/filepath"
	"testing"

	"github.com/stretchr/testify/require"

	"longhaul/job"
)

// A dry run shows the first requests without their secrets, calls nobody and leaves
// nothing; a limit does the first records.
func TestDryRunAndLimit(t *testing.T) {
	t.Parallel()
	api := newRefusingAPI(t, 0, func(*http.Request) int { return http.StatusOK })
	dir := t.TempDir()
	spec := httpSpec(api.URL, 1000, 20)
	spec.Call.HTTP.Headers = map[string]string{"Authorization": "Bearer secret-7261"}
	writeSpec(t, dir, spec)
	out, code := runProgram(t, dir, "longhaul", "run", "job.json", "--dry-run")
	require.Zero(t, code, out)
	require.Contains(t, out, "record 2: 2\n  GET "+api.URL+"/2\n")
	require.Contains(t, out, "Authorization: Bearer ***")
	require.NotContains(t, out, "7261")
	require.Zero(t, api.calls.Load())
	left, err := os.ReadDir(dir)
	require.NoError(t, err)
	require.Len(t, left, 1, "the spec")

	address := []string{"--address", shared.local.Address()}
	out, code = runProgram(t, dir, "longhaul", append([]string{"run", "job.json", "--limit", "30"}, address...)...)
	require.Zero(t, code, out)
	require.Contains(t, out, "30 records done")
	out, code = runProgram(t, dir, "longhaul", append([]string{"run", "job.json"}, address...)...)
	require.Zero(t, code, out)
	require.Contains(t, out, "1,000 records done")
	require.EqualValues(t, 1000, api.calls.Load())
	out, code = runProgram(t, dir, "longhaul", "run", "job.json", "--limit", "-1")
	require.Equal(t, 2, code, out)
}

// If most records failed, the exit code says so, and the last line is the command to
// give.
func TestMostRecordsFailed(t *testing.T) {
	t.Parallel()
	api := newRefusingAPI(t, 0, func(r *http.Request) int {
		if len(r.URL.Path) > len("/9") {
			return http.StatusNotFound
		}
		return http.StatusOK
	})
	dir := t.TempDir()
	spec := httpSpec(api.URL, 50, 5)
	spec.MaxFailures = job.FailureLimit{Value: 100, Percent: true}
	writeSpec(t, dir, spec)
	out, code := runProgram(t, dir, "longhaul", "run", "job.json", "--address", shared.local.Address())
	require.Equal(t, 3, code, out)
	require.Contains(t, out, "10 succeeded, 40 failed")
	require.Regexp(t, `\n  longhaul redrive out --status 404\n$`, out)
	require.FileExists(t, filepath.Join(dir, "out", "_SUCCESS"))
}
