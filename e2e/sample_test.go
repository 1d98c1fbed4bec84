package e2e

import (
	"net/http"
	"testing"
	"time"

	"github.com/stretchr/testify/require"
)

// A sample makes its calls and no others, says what they were like, and leaves its answers to
// the whole job: no record is called twice.
func TestASampleIsKept(t *testing.T) {
	t.Parallel()
	const records, sampled = 2000, 60
	api := newCountingAPI(t, records, 20*time.Millisecond)
	dir := t.TempDir()
	spec := httpSpec(api.URL, records, 25)
	writeSpec(t, dir, spec)
	run := func(args ...string) string {
		out, code := runProgram(t, dir, "longhaul", append([]string{"run", "job.json", "--address", shared.local.Address()}, args...)...)
		require.Zero(t, code, out)
		return out
	}
	out := run("--sample", "60")
	require.Contains(t, out, "sample    60 of 2,000 records: 60 succeeded, 0 failed, 60 calls made")
	require.Regexp(t, `(?m)^latency   mean \d+ ms( to \d+ ms)?, p50 \d+ ms`, out)
	require.Regexp(t, `(?m)^time      .*, limited by parallelism$`, out)
	require.Contains(t, out, "the same command without --sample runs the other 1,940 records")
	require.EqualValues(t, sampled, api.total.Load())
	require.LessOrEqual(t, api.most.Load(), int64(25))
	require.NoFileExists(t, dir+"/out/_SUCCESS")

	out = run("--sample", "60")
	require.Contains(t, out, "0 of them were called now, the others before")
	require.EqualValues(t, sampled, api.total.Load(), "the seed chooses the same records")

	out = run("--sample", "60", "--seed", "1", "--yes")
	require.Contains(t, out, "2,000 records done")
	require.Zero(t, api.repeated(t))
	require.LessOrEqual(t, api.most.Load(), int64(25))
	out, code := runProgram(t, dir, "longhaul", "verify", "out")
	require.Zero(t, code, out)
}

// A sample of an API that refuses tells what fails, and that the job would stop.
func TestASampleOfAnAPIThatRefuses(t *testing.T) {
	t.Parallel()
	api := newRefusingAPI(t, 0, func(r *http.Request) int {
		if len(r.URL.Path)%2 == 0 { // /0 to /9, and /100 to /999
			return http.StatusNotFound
		}
		return http.StatusOK
	})
	dir := t.TempDir()
	writeSpec(t, dir, httpSpec(api.URL, 1000, 20))
	out, code := runProgram(t, dir, "longhaul", "run", "job.json", "--sample", "100", "--address", shared.local.Address())
	require.Zero(t, code, out)
	require.Regexp(t, `(?m)^failures  \d+ × http 404: more than max_failures 10%, so the job would stop$`, out)

	broken := newRefusingAPI(t, 0, func(*http.Request) int { return http.StatusUnauthorized })
	dir = t.TempDir()
	writeSpec(t, dir, httpSpec(broken.URL, 1000, 20))
	out, code = runProgram(t, dir, "longhaul", "run", "job.json", "--sample", "100", "--address", shared.local.Address())
	require.Equal(t, 1, code, out)
	require.Contains(t, out, "the first 20 calls have all failed in a way that no retry can fix (20 × http 401)")
	require.EqualValues(t, 20, broken.calls.Load())
}
