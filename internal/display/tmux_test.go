package display

import (
	"context"
	"fmt"
	"os"
	"os/exec"
	"os/signal"
	"path/filepath"
	"strconv"
	"strings"
	"syscall"
	"testing"
	"time"

	"github.com/mattn/go-runewidth"
	"github.com/stretchr/testify/require"

	"longhaul/internal/jobclient"
	"longhaul/job"
)

// playVariable makes the test binary a program that shows a job. It names the file
// for the program's id.
const playVariable = "LONGHAUL_TEST_PLAY"

// news is how many snapshots the program shows; then there are no more.
const news = 30

func TestMain(m *testing.M) {
	if os.Getenv(playVariable) == "" {
		os.Exit(m.Run())
	}
	play()
}

// play shows a job that runs for ever and waits for its API, until Ctrl-C.
func play() {
	if err := os.WriteFile(os.Getenv(playVariable), fmt.Append(nil, os.Getpid()), 0o600); err != nil {
		panic(err)
	}
	ctx, stop := signal.NotifyContext(context.Background(), os.Interrupt)
	defer stop()
	show := New(os.Stderr, Header{
		Job: "nightly", Output: "/data/answers/2026-02-10", UI: "http://127.0.0.1:39911/namespaces/default/workflows/nightly",
	})
	began := time.Now()
	ticker := time.NewTicker(50 * time.Millisecond)
	for n := range int64(news) {
		show.Update(played(began, n))
		<-ticker.C
	}
	<-ctx.Done()
	show.End(job.Summary{}, false)
	fmt.Fprintln(os.Stderr, "stopped")
}

func played(began time.Time, n int64) jobclient.Snapshot {
	s := jobclient.Snapshot{At: time.Now(), Known: true}
	s.Phase, s.Bottleneck, s.Records, s.Started, s.Rate = job.PhaseRunning, job.BottleneckParallelism, 1_000_000, began.Add(-time.Hour), 12_345.6
	s.Succeeded, s.Failed, s.Skipped = 412_000+n, 1234, 100_000
	s.Failures = []job.FailureCount{{Kind: "http", Status: 503, Count: 1200}, {Kind: "timeout", Count: 34}}
	s.Latency = job.Latency{P50: 98.7, P95: 213.4, P99: 1034}
	s.Settings = job.DefaultSpec().Settings()
	if n > news/2 {
		s.Phase, s.Bottleneck = job.PhaseWaiting, job.BottleneckAPI
		s.Wait = &job.Wait{Reason: job.WaitOutage, Since: began.Add(-3 * time.Minute), Until: began.Add(12 * time.Second), Last: "http 503"}
	}
	return s
}

// terminal is a tmux server of its own with one window.
type terminal struct {
	t      *testing.T
	socket string
	pid    string
}

func newTerminal(t *testing.T, width, height int) *terminal {
	t.Helper()
	if _, err := exec.LookPath("tmux"); err != nil {
		t.Skip("tmux is not installed: a screen needs a terminal (apt-get install tmux)")
	}
	dir, err := os.MkdirTemp("/tmp", "lh-tmux-") //nolint:usetesting // t.TempDir is too long a path for a socket
	require.NoError(t, err)
	m := &terminal{t, filepath.Join(dir, "s"), filepath.Join(dir, "pid")}
	t.Cleanup(func() {
		_ = m.command("kill-server").Run()
		_ = os.RemoveAll(dir)
	})
	m.do("new-session", "-d", "-x", strconv.Itoa(width), "-y", strconv.Itoa(height), "env PS1='$ ' sh")
	return m
}

func (m *terminal) command(args ...string) *exec.Cmd {
	cmd := exec.CommandContext(context.WithoutCancel(m.t.Context()), "tmux", append([]string{"-u", "-f", "/dev/null", "-S", m.socket}, args...)...)
	cmd.Env = append(os.Environ(), "LC_ALL=C.UTF-8", "TMUX=")
	return cmd
}

func (m *terminal) do(args ...string) string {
	m.t.Helper()
	out, err := m.command(args...).CombinedOutput()
	require.NoError(m.t, err, "%s", out)
	return string(out)
}

func (m *terminal) enter(line string) { m.do("send-keys", line, "Enter") }

// all is what is in the scrollback and on the screen.
func (m *terminal) all() string {
	return strings.TrimRight(m.do("capture-pane", "-p", "-S", "-"), "\n ")
}

func (m *terminal) await(text string) string {
	m.t.Helper()
	var seen string
	require.Eventually(m.t, func() bool {
		seen = m.all()
		return strings.Contains(seen, text)
	}, 20*time.Second, 20*time.Millisecond, "waited for %q", text)
	return seen
}

func (m *terminal) play(environment string) {
	self, err := os.Executable()
	require.NoError(m.t, err)
	m.enter(environment + " " + playVariable + "=" + m.pid + " " + self)
}

// countdown is the number of seconds that is shown, or that there is none.
func (m *terminal) countdown() string {
	_, after, _ := strings.Cut(m.all(), "next try in ")
	seconds, _, _ := strings.Cut(after, " s")
	return seconds
}

// requireOneFrame looks for ghosts: what a frame has once must be there once.
func requireOneFrame(t *testing.T, screen string, width int) {
	t.Helper()
	for _, once := range []string{"records", "failed (", "http 503\n", "34 × timeout", "latency p50"} {
		require.Equal(t, 1, strings.Count(screen, once), "%q in\n%s", once, screen)
	}
	for line := range strings.Lines(screen) {
		require.LessOrEqual(t, runewidth.StringWidth(strings.TrimRight(line, "\n")), width)
	}
}

func TestTheScreenInATerminal(t *testing.T) {
	t.Parallel()
	for _, width := range []int{60, 80, 110, 200} {
		t.Run(strconv.Itoa(width), func(t *testing.T) {
			t.Parallel()
			m := newTerminal(t, width, 24)
			m.play("")
			m.await("next try in ")
			m.await("trying now") // without news
			screen := m.all()
			t.Log("\n" + screen)
			requireOneFrame(t, screen, width)
			require.Contains(t, screen, "job nightly")
			require.Contains(t, screen, "output /data/answers/2026-02-10")
			require.Contains(t, screen, "of 1,000,000 records")
			require.Contains(t, screen, "the API is down (http 503), for 3 min now:")
			require.Contains(t, screen, "41.")
			m.do("send-keys", "C-c")
			m.await("stopped\n$")
			ended := m.all()
			t.Log("\n" + ended)
			requireOneFrame(t, ended, width)
			require.NotContains(t, ended, "trying now", "it is not true any more")
			require.Contains(t, ended, "\nstopped\n", "nothing is left of longer frames")
			for line := range strings.Lines(ended) {
				if strings.Contains(line, "41.") {
					require.LessOrEqual(t, runewidth.StringWidth(line), frameWidth, "no line is broken when the window gets narrower")
				}
			}
			m.enter("echo back in the $((1+1))nd shell")
			m.await("back in the 2nd shell")
		})
	}
}

func TestATerminalIsResized(t *testing.T) {
	t.Parallel()
	m := newTerminal(t, 110, 24)
	m.play("")
	m.await("next try in ")
	for _, width := range []int{60, 200, 80, 60, 110} {
		m.do("resize-window", "-x", strconv.Itoa(width))
		before := m.countdown()
		require.Eventually(t, func() bool { return m.countdown() != before }, 5*time.Second, 20*time.Millisecond)
		requireOneFrame(t, m.all(), width)
	}
	m.do("send-keys", "C-c")
	requireOneFrame(t, m.await("stopped"), 110)
}

// In a window that is too low the lines above are shown, and no line twice.
func TestATerminalWithFewRows(t *testing.T) {
	t.Parallel()
	m := newTerminal(t, 80, 5)
	m.play("")
	m.await("next try in")
	screen := m.await("trying now")
	t.Log("\n" + screen)
	require.Equal(t, 1, strings.Count(screen, "41."), screen)
	require.NotContains(t, screen, "latency")
}

// A program that is killed leaves a terminal that can be used, below the lines.
func TestATerminalAfterKill(t *testing.T) {
	t.Parallel()
	m := newTerminal(t, 80, 24)
	m.play("")
	m.await("next try in")
	text, err := os.ReadFile(m.pid)
	require.NoError(t, err)
	pid, err := strconv.Atoi(string(text))
	require.NoError(t, err)
	require.NoError(t, syscall.Kill(pid, syscall.SIGKILL))
	screen := m.await("Killed")
	t.Log("\n" + screen)
	requireOneFrame(t, screen, 80)
	require.Equal(t, "1", strings.TrimSpace(m.do("display-message", "-p", "#{cursor_flag}")), "the cursor can be seen")
}

func TestATerminalThatIsDumb(t *testing.T) {
	t.Parallel()
	m := newTerminal(t, 200, 24)
	m.play("TERM=dumb")
	screen := m.await("next try at")
	require.Contains(t, screen, "running: 413,234 of 1,000,000 records (41.3 %), 12,346/s, about 50 s left, 1,234 failed (0.3 %, 10 % tolerated), limited by parallelism 200")
	require.NotContains(t, screen, "█")
}

func TestColors(t *testing.T) {
	t.Parallel()
	m := newTerminal(t, 80, 24)
	m.play("NO_COLOR=1")
	m.await("next try in")
	require.NotContains(t, m.do("capture-pane", "-p", "-e"), "\x1b[3")
	m.do("send-keys", "C-c")
	m.await("stopped")
	m.do("clear-history")
	m.enter("clear")
	m.play("NO_COLOR=")
	m.await("next try in")
	require.Contains(t, m.do("capture-pane", "-p", "-e"), "\x1b[33m")
}
