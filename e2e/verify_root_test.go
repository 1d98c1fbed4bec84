package e2e

import (
	"os"
	"path/filepath"
	"testing"

	"github.com/stretchr/testify/require"

	"longhaul/job"
)

// The paths in a worker's job.json start from its root. verify finds it from
// wherever it is called, or says what to give.
func TestVerifyFindsTheRootOfTheWorker(t *testing.T) {
	t.Parallel()
	root, id := t.TempDir(), newID(t)
	startWorker(t, shared, root, id)
	require.NoError(t, os.WriteFile(filepath.Join(root, "in.jsonl"), []byte("1\n2\n3\n"), 0o644))
	spec := job.DefaultSpec()
	spec.Input.URI, spec.Output.URI = "in.jsonl", "answers/today"
	spec.Call.Sleep = &job.SleepSpec{}
	finishJob(t, startJob(t, shared, id, spec))

	const proven = "3 of 3 records in parts (3 succeeded, 0 failed, 3 calls): proven"
	elsewhere, out := t.TempDir(), filepath.Join(root, "answers", "today")
	for dir, args := range map[string][]string{
		elsewhere: {out}, root: {"answers/today"}, filepath.Join(root, "answers"): {"today"}, out: {"."}, os.TempDir(): {out, "--root", root},
	} {
		text, code := runProgram(t, dir, "longhaul", append([]string{"verify"}, args...)...)
		require.Zero(t, code, text)
		require.Contains(t, text, proven)
	}

	// A part is lost; the fix is followed.
	commit := filepath.Join(out, "_longhaul", "commits", "000000.json")
	require.NoError(t, os.Remove(filepath.Join(out, "part-000000.jsonl")))
	text, code := runProgram(t, elsewhere, "longhaul", "verify", out)
	require.Equal(t, 1, code, text)
	require.Contains(t, text, "with the answers of 3 of the records 0-2; fix it with: rm "+commit+" && longhaul start SPEC --id "+id+"\n")
	require.NoError(t, os.Remove(commit))
	finishJob(t, startJob(t, shared, id, spec))
	text, code = runProgram(t, elsewhere, "longhaul", "verify", out)
	require.Zero(t, code, text)
	require.Contains(t, text, proven)

	moved := filepath.Join(elsewhere, "moved")
	require.NoError(t, os.Rename(out, moved))
	text, code = runProgram(t, elsewhere, "longhaul", "verify", "moved")
	require.Equal(t, 1, code, text)
	require.Equal(t, "longhaul: in.jsonl: the input that moved/_longhaul/job.json names is not in "+elsewhere+
		"; give the folder that its path starts from: longhaul verify "+moved+" --root FOLDER\n", text)
	// The folder is outside of that root: the advice works all the same.
	text, code = runProgram(t, t.TempDir(), "longhaul", "verify", moved, "--root", root)
	require.Zero(t, code, text)
	require.Contains(t, text, proven)
	require.NoError(t, os.Rename(filepath.Join(root, "in.jsonl"), filepath.Join(elsewhere, "in.jsonl")))
	text, code = runProgram(t, t.TempDir(), "longhaul", "verify", moved, "--root", elsewhere)
	require.Zero(t, code, text)
	require.Contains(t, text, proven)
}
