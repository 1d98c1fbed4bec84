package main

import (
	"bytes"
	"encoding/json"
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/mattn/go-runewidth"
	"github.com/stretchr/testify/require"

	"longhaul/job"
)

// failedOutput is a folder with a batch of 10,000 records, of which those failed.
func failedOutput(t *testing.T, failures ...job.CallError) (uri string) {
	t.Helper()
	uri = filepath.Join(t.TempDir(), "out")
	put := func(name string, content any) {
		data, ok := content.([]byte)
		if !ok {
			var err error
			data, err = json.Marshal(content)
			require.NoError(t, err)
		}
		require.NoError(t, os.MkdirAll(filepath.Dir(filepath.Join(uri, name)), 0o755))
		require.NoError(t, os.WriteFile(filepath.Join(uri, name), data, 0o644))
	}
	spec := job.DefaultSpec()
	spec.Output.URI, spec.Call.Sleep = uri, &job.SleepSpec{}
	put("_longhaul/job.json", job.Manifest{Version: job.LayoutVersion, JobID: "J", Spec: spec, Input: job.Fingerprint{Records: 10_000}})
	unknown := strings.Repeat("0", 64)
	commit := job.Commit{
		Range:  job.Range{First: 0, Last: 10_000},
		Totals: job.Totals{Succeeded: 10_000 - int64(len(failures)), Failed: int64(len(failures))},
		Part:   job.PartDigest{Name: "part-000000.jsonl", SHA256: unknown},
	}
	if len(failures) > 0 {
		commit.Errors = &job.PartDigest{Name: "errors-000000.jsonl", SHA256: unknown}
	}
	put("_longhaul/commits/000000.json", commit)
	var lines bytes.Buffer
	for i, failure := range failures {
		message, err := json.Marshal(failure)
		require.NoError(t, err)
		fmt.Fprintf(&lines, `{"index":%d,"input":{"id":%d},"error":%s,"attempts":1,"latency_ms":1,"at":"2026-01-02T03:04:05Z"}`+"\n", i*10, 8000+i, message)
	}
	put("errors-000000.jsonl", lines.Bytes())
	return uri
}

func someFailures() []job.CallError {
	return []job.CallError{
		{Kind: "http", Status: 404, Message: "customer 8000 not found"},
		{Kind: "timeout", Message: "no answer within 5s"},
		{Kind: "http", Status: 404, Message: "customer 8002 not found"},
		{Kind: "ours", Message: "the place " + strings.Repeat("三国 ", 200) + "\x1b[2J is wrong"},
	}
}

func TestFailuresInGroups(t *testing.T) {
	t.Parallel()
	uri := failedOutput(t, someFailures()...)
	out, code := longhaul(t, "failures", uri)
	require.Zero(t, code, out)
	require.Contains(t, out, "4 of 10,000 records failed (under 0.1%)\n")
	require.Regexp(t, `\n +2  http 404  customer # not found +0\n +such as: customer 8000 not found\n`, out)
	require.Regexp(t, `\n +1  timeout   no answer within 5s +10\n`, out, "all are the same: nothing is masked")
	require.True(t, strings.HasSuffix(out, "\nto call 2 failed records again:\n  longhaul redrive "+uri+" --status 404\n"), out)
	require.NotContains(t, out, "\x1b")
	for line := range strings.Lines(out) {
		if !strings.Contains(line, uri) {
			require.LessOrEqual(t, runewidth.StringWidth(strings.TrimSuffix(line, "\n")), 80, line)
		}
	}
	out, _ = longhaul(t, "failures", uri, "--limit", "1")
	require.Contains(t, out, "and 2 more groups: --limit 0 shows all")

	out, _ = longhaul(t, "failures", uri, "--json")
	require.Equal(t, `{"kind":"http","status":404,"message":"customer # not found","count":2,"first":0,"example":"customer 8000 not found"}`, strings.Split(out, "\n")[0])
	require.Equal(t, 3, strings.Count(out, "\n"))
}

func TestFailuresRecordByRecord(t *testing.T) {
	t.Parallel()
	uri := failedOutput(t, someFailures()...)
	out, code := longhaul(t, "failures", uri, "--records", "--status", "4xx", "--limit", "1")
	require.Zero(t, code, out)
	require.Equal(t, "         0  http 404: customer 8000 not found\n            input: {\"id\":8000}\n\nand 1 more: --limit 0 shows all\n", out)

	out, code = longhaul(t, "failures", uri, "--records", "--json", "--kind", "http")
	require.Zero(t, code, out)
	lines := strings.Split(strings.TrimSpace(out), "\n")
	require.Len(t, lines, 2)
	require.JSONEq(t, `{"index":20,"input":{"id":8002},"error":{"kind":"http","status":404,"message":"customer 8002 not found"},"attempts":1,"latency_ms":1,"at":"2026-01-02T03:04:05Z"}`, lines[1])
	out, _ = longhaul(t, "failures", uri, "--records", "--json", "--limit", "3")
	require.Equal(t, 3, strings.Count(out, "\n"))
}

func TestFailuresThatAreNotThere(t *testing.T) {
	t.Parallel()
	uri := failedOutput(t, someFailures()...)
	for _, c := range []struct {
		args []string
		code int
		says string
	}{
		{[]string{uri, "--kind", "timout"}, 2, `there are no failures of kind "timout"; did you mean "timeout"?`},
		{[]string{uri, "--kind", "our"}, 2, `did you mean "ours"?`},
		{[]string{uri, "--kind", "ours"}, 0, "1 of them fit"},
		{[]string{uri, "--kind", "poison"}, 0, "none of the 4 failed records fits; their kinds are: http, ours, timeout"},
		{[]string{uri, "--status", "77"}, 2, "77 is not an HTTP status"},
		{[]string{uri, "--limit", "-1"}, 2, "--limit -1"},
		{[]string{uri + "t"}, 1, "there is no such folder"},
		{[]string{filepath.Dir(uri)}, 1, "is no output folder"},
		{[]string{failedOutput(t)}, 0, "no record failed"},
		{nil, 2, "needs one OUT"},
	} {
		out, code := longhaul(t, append([]string{"failures"}, c.args...)...)
		require.Equal(t, c.code, code, out)
		require.Contains(t, out, c.says)
	}
}

// The paths of a worker's job start from its root: the commands say so.
func TestFailuresOfAWorkersFolder(t *testing.T) {
	t.Parallel()
	uri := failedOutput(t, someFailures()...)
	root := filepath.Dir(uri)
	name := filepath.Join(uri, "_longhaul", "job.json")
	var manifest job.Manifest
	data, err := os.ReadFile(name)
	require.NoError(t, err)
	require.NoError(t, json.Unmarshal(data, &manifest))
	manifest.Spec.Output.URI, manifest.Spec.Input = "out", job.InputSpec{URI: "in.jsonl"}
	data, err = json.Marshal(manifest)
	require.NoError(t, err)
	require.NoError(t, os.WriteFile(name, data, 0o644))
	require.NoError(t, os.WriteFile(filepath.Join(root, "in.jsonl"), nil, 0o644))
	out, code := longhaul(t, "failures", uri)
	require.Zero(t, code, out)
	require.True(t, strings.HasSuffix(out, "\n  cd "+root+" && longhaul redrive out --status 404\n"), out)
	out, code = longhaul(t, "redrive", uri, "--status", "4xx", "--api-key", "secret", "--allow-host", "a b", "--yes")
	require.Equal(t, 1, code, out)
	require.Contains(t, out, "in.jsonl: the paths of this job start from "+root+"; give the command there: cd "+root+" && longhaul redrive out --allow-host='a b' --status=4xx --yes=true\n")
}
