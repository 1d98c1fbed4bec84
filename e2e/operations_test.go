package e2e

import (
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/require"
	enumspb "go.temporal.io/api/enums/v1"
)

// operations is a place where the commands of docs/operations.md are run as they
// stand there.
type operations struct {
	t    *testing.T
	root string
	s    *server
}

func newOperations(t *testing.T) *operations {
	t.Helper()
	s, err := startServer(t.TempDir())
	require.NoError(t, err)
	t.Cleanup(s.stop)
	o := &operations{t: t, root: t.TempDir(), s: s}
	startWorker(t, s, o.root, "longhaul")
	return o
}

// do runs a command line with longhaul and temporal on its PATH.
func (o *operations) do(command string) (out string, code int) {
	o.t.Helper()
	env := "PATH=" + binDir + ":" + filepath.Dir(os.Getenv("TEMPORAL_CLI")) + ":$PATH TEMPORAL_ADDRESS=" + o.s.local.Address()
	return runCommand(o.t, o.root, "sh", "-c", "export "+env+"; "+command)
}

// ended waits until the job does not run.
func (o *operations) ended(id string) {
	o.t.Helper()
	require.Eventually(o.t, func() bool {
		described, err := o.s.DescribeWorkflowExecution(o.t.Context(), id, "")
		return err != nil || described.GetWorkflowExecutionInfo().GetStatus() != enumspb.WORKFLOW_EXECUTION_STATUS_RUNNING
	}, time.Minute, 20*time.Millisecond)
}

// column is the commands of the first table, in order.
func column(t *testing.T, number int) []string {
	t.Helper()
	page, err := os.ReadFile("../docs/operations.md")
	require.NoError(t, err)
	_, table, ok := strings.Cut(string(page), "|---|---|---|\n")
	require.True(t, ok)
	var commands []string
	for line := range strings.Lines(table) {
		cells := strings.Split(line, "|")
		if len(cells) < 4 {
			break
		}
		if command := strings.Trim(cells[number+1], "` "); command != "" {
			commands = append(commands, command)
		}
	}
	return commands
}

func TestTheCommandsOfTheManual(t *testing.T) {
	t.Parallel()
	const records = 15_000
	for number, name := range map[int]string{1: "longhaul", 2: "temporal"} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			o := newOperations(t)
			api := newCountingAPI(t, records, 20*time.Millisecond)
			spec := httpSpec(api.URL, records, 20)
			writeSpec(t, o.root, spec)
			commands := column(t, number)
			require.Greater(t, len(commands), 9)
			started := 0
			for _, command := range commands {
				if strings.Contains(command, " start ") {
					if started++; started > 1 {
						o.ended("nightly")
					}
				}
				if name == "longhaul" && strings.Contains(command, "watch again") {
					o.ended("nightly")
				}
				out, code := o.do(command)
				require.Zero(t, code, "%s\n%s", command, out)
				if started == 1 && strings.Contains(command, " start ") {
					out, code := o.do(command)
					require.NotZero(t, code, "a second start is refused: %s", out)
				}
			}
			requireProven(t, o.root, records)
			require.LessOrEqual(t, api.repeated(t), int64(20), "terminated with calls in flight")
		})
	}
}

func TestTheScheduleCommandsOfTheManual(t *testing.T) {
	t.Parallel()
	page, err := os.ReadFile("../docs/operations.md")
	require.NoError(t, err)
	_, section, _ := strings.Cut(string(page), "## Schedules\n\n```sh\n")
	section, _, ok := strings.Cut(section, "```")
	require.True(t, ok)
	o := newOperations(t)
	api := newCountingAPI(t, 100, time.Millisecond)
	writeSpec(t, o.root, httpSpec(api.URL, 100, 20))
	complete := func(n int) {
		t.Helper()
		require.Eventually(t, func() bool { return len(succeeded(t, o.root, "answers/*")) == n }, time.Minute, 50*time.Millisecond)
	}
	for command := range strings.Lines(section) {
		if strings.Contains(command, "schedule delete nights") {
			complete(3)
		}
		out, code := o.do(strings.TrimSpace(command))
		require.Zero(t, code, "%s\n%s", command, out)
		if strings.Contains(command, "trigger") {
			complete(1) // the server drops it when a pause follows at once
		}
	}
	require.Len(t, succeeded(t, o.root, "answers/2026-02-1*T02-00-00Z"), 2)
}

// What scripts rely on.
func TestExitCodes(t *testing.T) {
	t.Parallel()
	o := newOperations(t)
	require.NoError(t, os.WriteFile(filepath.Join(o.root, "wrong.json"), []byte(`{"input":{"count":1}}`), 0o644))
	for command, want := range map[string]int{
		"longhaul --help":                        0,
		"longhaul nonsense":                      2,
		"longhaul start":                         2,
		"longhaul start a b":                     2,
		"longhaul start --wrong":                 2,
		"longhaul start wrong.json":              2,
		"longhaul run missing.json":              2,
		"longhaul tune x":                        2,
		"longhaul tune x --chunk-interval 5":     2,
		"longhaul redrive x --status 9xx":        1,
		"longhaul schedule create x":             2,
		"longhaul status nothing":                1,
		"longhaul watch nothing":                 1,
		"longhaul pause nothing":                 1,
		"longhaul verify nothing":                1,
		"longhaul report nothing":                1,
		"longhaul-worker --root /does/not/exist": 1,
	} {
		out, code := o.do(command)
		require.Equal(t, want, code, "%s\n%s", command, out)
		if want != 0 {
			require.NotEmpty(t, out, command)
			require.NotContains(t, out, "panic")
		}
	}
}
