package e2e

import (
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"

	"longhaul/job"
)

// The command that verify names is followed: it fixes what is wrong, and calls only the
// records whose answers are lost.
func TestTheFixThatVerifyNames(t *testing.T) {
	t.Parallel()
	dir := t.TempDir()
	require.NoError(t, os.WriteFile(filepath.Join(dir, "in.jsonl"), []byte(strings.Repeat("{\"a\":1}\n{\"a\":4}\n", 20)), 0o644))
	called := filepath.Join(dir, "called")
	spec := job.DefaultSpec()
	spec.Input.URI, spec.Output.URI = "in.jsonl", "out"
	exec := job.DefaultExecSpec()
	exec.Command = []string{"sh", "-c",
		`while read l; do echo >> ` + called + `; case $l in *4*) echo '{"error":{"message":"no"}}';; *) echo $l;; esac; done`}
	spec.Call.Exec = &exec
	spec.ChunkSize, spec.BatchSize, spec.Retry.MaximumAttempts, spec.Parallelism = 10, 1, 1, 1
	spec.MaxFailures = job.FailureLimit{Value: 100, Percent: true}
	writeSpec(t, dir, spec)
	calls := func() int {
		content, err := os.ReadFile(called)
		require.NoError(t, err)
		return len(content)
	}
	p := runJob(t, dir)
	require.Zero(t, p.wait(), p.out)
	require.Equal(t, 40, calls())

	const proven = "40 of 40 records in parts (20 succeeded, 20 failed, 40 calls): proven"
	for _, c := range []struct {
		damage, says string
		// calls is how many the fix makes.
		calls int
	}{
		{"rm out/part-000001.jsonl", "wrong: part-000001.jsonl is missing, with the answers of 5 of the records 10-19; fix it with: ", 10},
		{"rm out/_longhaul/index; echo x >> out/_SUCCESS", "wrong: _longhaul/index is missing; ", 0},
		{"cp out/part-000000.jsonl out/part-000004.jsonl", "wrong: part-000004.jsonl is in no commit; fix it with: rm out/part-000004.jsonl\n", 0},
	} {
		out, code := runCommand(t, dir, "sh", "-c", c.damage)
		require.Zero(t, code, out)
		out, code = runProgram(t, dir, "longhaul", "verify", "out")
		require.Equal(t, 1, code, out)
		require.Contains(t, out, c.says)
		_, fix, found := strings.Cut(out, " with: ")
		require.True(t, found, out)
		fix, _, _ = strings.Cut(fix, "\n")
		before := calls()
		out, _ = runCommand(t, dir, "sh", "-c", "PATH="+binDir+":$PATH; "+fix)
		require.Equal(t, c.calls, calls()-before, "%s: %s", fix, out)
		out, code = runProgram(t, dir, "longhaul", "verify", "out")
		require.Zero(t, code, out)
		require.Contains(t, out, proven)
	}
}
