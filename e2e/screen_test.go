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

// status says how a job ended and why, without a worker too, and what to do.
func TestStatusOfAJobThatEnded(t *testing.T) {
	t.Parallel()
	api := newCountingAPI(t, 1000, time.Millisecond)
	root, id := t.TempDir(), newID(t)
	status := func(id string) string {
		out, code := runProgram(t, root, "longhaul", "status", id, "--address", shared.local.Address())
		require.Zero(t, code, out)
		t.Log("\n" + out)
		return out
	}
	temporal := func(id string, args ...string) {
		out, code := runCommand(t, root, os.Getenv("TEMPORAL_CLI"), append(args, "--workflow-id", id, "--address", shared.local.Address())...)
		require.Zero(t, code, out)
	}

	startJob(t, shared, id, httpSpec(api.URL, 1000, 10))
	require.Contains(t, status(id), id+": running, but no worker answers on task queue "+id+
		": start one with longhaul-worker --task-queue "+id+" --address "+shared.local.Address())
	temporal(id, "workflow", "terminate", "--reason", "the machine moves")
	out := status(id)
	require.Contains(t, out, id+": terminated at "+time.Now().Format("2006-01-02"))
	require.Contains(t, out, ": the machine moves\n")
	require.Contains(t, out, "by ")
	require.Contains(t, out, "next: longhaul start SPEC --id "+id+" --task-queue "+id)
	out, code := runProgram(t, root, "longhaul", "watch", id, "--address", shared.local.Address())
	require.Equal(t, 1, code)
	require.Contains(t, out, "job "+id+" was terminated; start it again with the same output to go on (by ")

	worker := startWorker(t, shared, root, id)
	spec := httpSpec(api.URL, 1010, 10)
	finishJob(t, startJob(t, shared, id, spec))
	out = status(id)
	require.Contains(t, out, id+": completed at ")
	require.Contains(t, out, "1,010 records: 1,000 succeeded, 10 failed; 1,010 calls\n  10 × http 404\nlatency p50 ")
	require.Contains(t, out, "answers: out/part-*.jsonl\n")
	require.Contains(t, out, "next: longhaul redrive "+id)

	spec.MaxFailures, spec.Output.URI = job.FailureLimit{Value: 2}, "out2"
	failed := startJob(t, shared, id, spec)
	require.Error(t, failed.Get(t.Context(), nil))
	out = status(id)
	require.Contains(t, out, id+": failed at ")
	require.Contains(t, out, "max_failures 2 exceeded")
	require.Contains(t, out, "next: longhaul start SPEC --id "+id)
	worker.kill()
}

// watch in a terminal: drawn in place while the window changes, and Ctrl-C ends it.
func TestWatchInATerminal(t *testing.T) {
	t.Parallel()
	if _, err := exec.LookPath("tmux"); err != nil {
		t.Skip("tmux is not installed: a screen needs a terminal (apt-get install tmux)")
	}
	api := newCountingAPI(t, 100_000, 50*time.Millisecond, 2000)
	root, id := t.TempDir(), newID(t)
	startWorker(t, shared, root, id)
	run := startJob(t, shared, id, httpSpec(api.URL, 100_000, 20))
	t.Cleanup(func() { _ = shared.TerminateWorkflow(t.Context(), id, run.GetRunID(), "") })
	dir, err := os.MkdirTemp("/tmp", "lh-tmux-") //nolint:usetesting // t.TempDir is too long a path for a socket
	require.NoError(t, err)
	tmux := func(args ...string) string {
		cmd := exec.Command("tmux", append([]string{"-u", "-f", "/dev/null", "-S", filepath.Join(dir, "s")}, args...)...)
		cmd.Env = append(environment(), "LC_ALL=C.UTF-8", "TMUX=")
		out, err := cmd.CombinedOutput()
		require.NoError(t, err, "%s", out)
		return string(out)
	}
	t.Cleanup(func() { tmux("kill-server"); _ = os.RemoveAll(dir) })
	screen := func() string { return tmux("capture-pane", "-p", "-S", "-") }
	tmux("new-session", "-d", "-x", "110", "-y", "24", "env PS1='$ ' sh")
	tmux("send-keys", filepath.Join(binDir, "longhaul")+" watch "+id+" --address "+shared.local.Address(), "Enter")
	api.await(t, 2000)
	for _, width := range []string{"110", "60", "200", "80"} {
		tmux("resize-window", "-x", width)
		before := screen()
		require.Eventually(t, func() bool {
			now := screen()
			return now != before && strings.Contains(now, "latency p50") && strings.Contains(now, "last minute")
		}, time.Minute, 50*time.Millisecond, screen())
		shown := screen()
		t.Log("\n" + shown)
		for _, once := range []string{" of 100,000 records", "latency p50", "last minute", "running", "output out"} {
			require.Equal(t, 1, strings.Count(shown, once), "%q in\n%s", once, shown)
		}
	}
	tmux("send-keys", "C-c")
	tmux("send-keys", "echo code $?", "Enter")
	require.Eventually(t, func() bool { return strings.Contains(screen(), "code 130") }, 20*time.Second, 50*time.Millisecond, screen())
	t.Log("\n" + screen())
	require.Equal(t, 1, strings.Count(screen(), " of 100,000 records"), screen())
	require.Equal(t, job.PhaseRunning, progressOf(t, id).Phase, "the job goes on")
}
