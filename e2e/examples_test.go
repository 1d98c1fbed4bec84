package e2e

import (
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"
	"time"

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
			out, code := runProgram(t, "..", "longhaul", "run", "examples/"+name+"/job.yaml",
				"--output", filepath.Join(dir, "out"), "--state", dir, "--address", shared.local.Address())
			require.Zero(t, code, out)
			requireProven(t, dir, 1000)
		})
	}
}

// Jobs come to a worker from anywhere; it runs programs only if it was told so.
func TestProgramsNeedTheWorkersLeave(t *testing.T) {
	t.Parallel()
	root, id := t.TempDir(), newID(t)
	startWorker(t, shared, root, id)
	count := int64(10)
	spec := job.DefaultSpec()
	program := job.DefaultExecSpec()
	program.Command = []string{"cat"}
	spec.Input.Count, spec.Output.URI, spec.Call.Exec = &count, "out", &program
	spec.CapabilityTimeout = job.Duration(time.Second)
	require.ErrorContains(t, startJob(t, shared, id, spec).Get(t.Context(), nil), "this worker does not run programs; start it with --allow-exec")
}

// A run is the user's own: it reads what its templates name. Old command lines with
// the flags that were needed before go on working.
func TestARunReadsTheVariablesThatItsTemplatesName(t *testing.T) {
	api := newCountingAPI(t, 50, time.Millisecond)
	dir := t.TempDir()
	spec := httpSpec("", 50, 10)
	spec.Call.HTTP.URL = `{{env "LONGHAUL_TEST_API" | printf "%s"}}/{{.}}`
	spec.Call.HTTP.Headers = map[string]string{"X-Key": `{{env "LONGHAUL_TEST_KEY"}}`}
	writeSpec(t, dir, spec)
	t.Setenv("LONGHAUL_TEST_API", api.URL)
	out, code := runProgram(t, dir, "longhaul", "run", "job.json", "--address", shared.local.Address())
	require.Equal(t, 2, code, out)
	require.Contains(t, out, "job.json: a template uses the environment variable LONGHAUL_TEST_KEY, which is not set; set it: export LONGHAUL_TEST_KEY=...")
	require.Zero(t, api.total.Load())

	t.Setenv("LONGHAUL_TEST_KEY", "k")
	out, code = runProgram(t, dir, "longhaul", "run", "job.json", "--address", shared.local.Address(), "--allow-env", "OTHER", "--allow-exec")
	require.Zero(t, code, out)
	require.EqualValues(t, 50, api.total.Load())
	help, _ := runProgram(t, dir, "longhaul", "run", "--help")
	require.NotContains(t, help, "--allow-e")
}

// buildModule builds the program of an example that is a module of its own, as one
// outside of this repository is: it cannot import what is internal, and its go.mod and
// go.sum must be complete.
func buildModule(t *testing.T, example string) {
	t.Helper()
	build := exec.Command("go", "build", "-o", filepath.Join(binDir, example), ".")
	build.Dir, build.Env = filepath.Join("../examples", example), append(os.Environ(), "CGO_ENABLED=0", "GOWORK=off")
	out, err := build.CombinedOutput()
	require.NoError(t, err, "%s\nafter a change of go.mod here, run go mod tidy there", out)
}

// A worker of one's own with a Go function.
func TestAWorkerOfOnesOwn(t *testing.T) {
	t.Parallel()
	buildModule(t, "goworker")
	source, err := os.ReadFile("../examples/goworker/main.go")
	require.NoError(t, err)
	code := 0
	for line := range strings.Lines(string(source)) {
		if text := strings.TrimSpace(line); text != "" && !strings.HasPrefix(text, "//") {
			code++
		}
	}
	require.LessOrEqual(t, code, 16, "lines of code")

	root, id := t.TempDir(), newID(t)
	launch(t, root, "goworker", "--address", shared.local.Address(), "--root", root, "--task-queue", id)
	count := int64(1000)
	spec := job.DefaultSpec()
	spec.Input.Count, spec.Output.URI = &count, "out"
	spec.Call.Func = &job.FuncSpec{Name: "square"}
	summary := finishJob(t, startJob(t, shared, id, spec))
	require.EqualValues(t, 1000, summary.Succeeded)
	data, err := os.ReadFile(filepath.Join(root, "out", "part-000000.jsonl"))
	require.NoError(t, err)
	require.Contains(t, string(data), `{"index":999,"input":999,"output":998001,`)

	spec.Call.Func.Name, spec.Output.URI, spec.CapabilityTimeout = "cube", "other", job.Duration(time.Second)
	require.ErrorContains(t, startJobOn(t, shared, id, id+"-cube", spec).Get(t.Context(), nil), `this worker has no function "cube"; it has square`)
}
