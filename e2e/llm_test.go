package e2e

import (
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"
)

// llmExample is a place where examples/llm/run.sh finds the programs of this test.
func llmExample(t *testing.T) string {
	t.Helper()
	dir := t.TempDir()
	repository, err := filepath.Abs("..")
	require.NoError(t, err)
	require.NoError(t, os.Symlink(filepath.Join(repository, "examples"), filepath.Join(dir, "examples")))
	require.NoError(t, os.Mkdir(filepath.Join(dir, "bin"), 0o755))
	require.NoError(t, os.Symlink(filepath.Join(binDir, "longhaul"), filepath.Join(dir, "bin", "longhaul")))
	build := exec.Command("go", "build", "-o", filepath.Join(dir, "bin", "llmmock"), "./examples/llm/mock")
	build.Dir = repository
	out, err := build.CombinedOutput()
	require.NoError(t, err, string(out))
	return dir
}

// All 500 prompts are answered: those that the mock refused (429), failed (500) or
// answered with an error in a 200 are called again.
func TestTheLLMExample(t *testing.T) {
	t.Parallel()
	dir := llmExample(t)
	out, code := runCommand(t, dir, "sh", "examples/llm/run.sh", "--address", shared.local.Address())
	require.Zero(t, code, out)
	require.Contains(t, out, "500 succeeded, 0 failed")
	require.NotContains(t, out, "sk-mock")
	part, err := os.ReadFile(filepath.Join(dir, "llm", "out", "part-000000.jsonl"))
	require.NoError(t, err)
	require.Equal(t, 500, strings.Count(string(part), "\n"))
	for line := range strings.Lines(string(part)) {
		require.Regexp(t, `"output":"(account|broken|delivery|question|refund)","status":200,`, line)
	}
	if _, err := exec.LookPath("jq"); err == nil {
		require.Regexp(t, `messages by topic:\n +\d+ account\n`, out)
	}
}
