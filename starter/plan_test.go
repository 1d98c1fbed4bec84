package main

import (
	"bytes"
	"encoding/json"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"

	"longhaul/internal/estimate"
	"longhaul/internal/exitcode"
)

// plan runs longhaul plan on a job of a hundred lines.
func plan(t *testing.T, spec string, args ...string) (string, error) {
	t.Helper()
	dir := t.TempDir()
	in := filepath.Join(dir, "in.txt")
	require.NoError(t, os.WriteFile(in, []byte(strings.Repeat("a line\n", 100)), 0o644))
	file := filepath.Join(dir, "job.yaml")
	require.NoError(t, os.WriteFile(file, []byte("input: {uri: "+in+"}\noutput: {uri: "+dir+"/out}\ncall: {sleep: {duration: 1s}}\n"+spec), 0o644))
	cmd := command()
	var out, errs bytes.Buffer
	cmd.SetOut(&out)
	cmd.SetErr(&errs)
	cmd.SetArgs(append([]string{"plan", file}, args...))
	err := cmd.ExecuteContext(t.Context())
	require.Empty(t, errs.String(), "no progress without a terminal")
	require.NoDirExists(t, filepath.Join(dir, "out"))
	return out.String(), err
}

func TestPlan(t *testing.T) {
	t.Parallel()
	text, err := plan(t, "parallelism: 10\n", "--latency", "2s", "--answer-bytes", "50")
	require.NoError(t, err)
	require.Equal(t, `records   100
chunks    1 of at most 1,000 records, 1 in flight
batches   1 of at most 5,000 records, a part file each
time      21s, if a call takes 2s: 5 calls/s, limited by parallelism
history   38 events in 1 run
actions   10: 4 activities, 4 heartbeats, 1 run, 1 signal
price     less than $0.01 at Temporal Cloud's list price of $50 per million actions; a server of your own bills none
disk      14 kB
`, text)
	text, err = plan(t, "parallelism: auto\n", "--latency", "30s")
	require.NoError(t, err)
	require.Contains(t, text, "limited by parallelism\n          if the API answers 1,000 calls at once as well as one\n")
	text, err = plan(t, "", "--json")
	require.NoError(t, err)
	var e estimate.Estimate
	require.NoError(t, json.Unmarshal([]byte(text), &e))
	require.EqualValues(t, 100, e.Records)
}

func TestWhatPlanRefuses(t *testing.T) {
	t.Parallel()
	for _, c := range []struct{ spec, flag, value, want string }{
		{"", "--latency", "0s", "0s is not a time that a call can take"},
		{"", "--calls-per-record", "0.5", "less than one call"},
		{"", "--answer-bytes", "-1", "less than nothing"},
		{"redrive: {kind: http}\n", "--latency", "1s", "longhaul failures "},
	} {
		text, err := plan(t, c.spec, c.flag, c.value)
		require.ErrorContains(t, err, c.want)
		require.Equal(t, exitcode.Usage, exitcode.Of(err))
		require.Empty(t, text)
	}
	_, err := plan(t, "", "--input", filepath.Join(t.TempDir(), "none.txt"))
	require.ErrorContains(t, err, "there is no such file")
}
