package e2e

import (
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"

	"longhaul/job"
)

// The examples are run as their comments say, from the repository's root.
func TestProgramsAsCalls(t *testing.T) {
	t.Parallel()
	for name, needs := range map[string]string{"python": "python3", "shell": "sh"} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			if _, err := exec.LookPath(needs); err != nil {
				t.Skip(needs + " is not on this machine")
			}
			dir := t.TempDir()
			out, code := runProgram(t, "..", "longhaul", "run", "examples/"+name+"/job.yaml", "--allow-exec",
				"--output", filepath.Join(dir, "out"), "--state", dir, "--address", shared.local.Address)
			require.Zero(t, code, out)
			requireProven(t, dir, 1000)
		})
	}
}

func TestProgramsNeedTheWorkersLeave(t *testing.T) {
	t.Parallel()
	dir := t.TempDir()
	out, code := runProgram(t, "..", "longhaul", "run", "examples/shell/job.yaml",
		"--output", filepath.Join(dir, "out"), "--state", dir, "--address", shared.local.Address)
	require.Equal(t, 1, code, out)
	require.Contains(t, out, "this worker does not run programs; start it with --allow-exec")
}

// A worker of one's own with a Go function.
func TestAWorkerOfOnesOwn(t *testing.T) {
	t.Parallel()
	built := filepath.Join(binDir, "goworker")
	build := exec.Command("go", "build", "-o", built, "./examples/goworker")
	build.Dir = ".."
	out, err := build.CombinedOutput()
	require.NoError(t, err, string(out))
	source, err := os.ReadFile("../examples/goworker/main.go")
	require.NoError(t, err)
	code := 0
	for line := range strings.Lines(string(source)) {
		if text := strings.TrimSpace(line); text != "" && !strings.HasPrefix(text, "//") {
			code++
		}
	}
	require.LessOrEqual(t, code, 15, "lines of code")

	root, id := t.TempDir(), newID(t)
	launch(t, root, "goworker", "--address", shared.local.Address, "--root", root, "--task-queue", id)
	count := int64(1000)
	spec := job.DefaultSpec()
	spec.Input.Count, spec.Output.URI = &count, "out"
	spec.Call.Func = &job.FuncSpec{Name: "square"}
	summary := finishJob(t, startJob(t, shared, id, spec))
	require.EqualValues(t, 1000, summary.Succeeded)
	data, err := os.ReadFile(filepath.Join(root, "out", "part-000000.jsonl"))
	require.NoError(t, err)
	require.Contains(t, string(data), `{"index":999,"input":999,"output":998001,`)

	spec.Call.Func.Name, spec.Output.URI = "cube", "other"
	require.ErrorContains(t, startJobOn(t, shared, id, id+"-cube", spec).Get(t.Context(), nil), `this worker has no function "cube"; it has square`)
}
