//go:build linux

package supervisor

import (
	"context"
	"io"
	"os"
	"os/exec"
	"path/filepath"
	"strconv"
	"strings"
	"syscall"
	"testing"
	"time"

	"github.com/stretchr/testify/require"
)

// family is a program with a child in its group, one in a session of its own, and one
// that is nobody's child any more and has no environment. Each leaves a file with its
// process id.
const family = `
sh -c 'echo $$ > child.new; mv child.new child; exec sleep 1000' &
setsid sh -c 'echo $$ > session.new; mv session.new session; sleep 1000; :' &
(env -i setsid sh -c 'echo $$ > daemon.new; mv daemon.new daemon; exec sleep 1000' &)
echo $PPID > supervisor
echo $$ > program.new; mv program.new program
sleep 1000`

var members = []string{"child", "session", "daemon", "program"}

// start starts a shell with the script in the folder.
func start(t *testing.T, dir, script string) *Program {
	t.Helper()
	p, err := startShell(t.Context(), dir, script)
	require.NoError(t, err)
	t.Cleanup(func() {
		p.Kill()
		<-p.Ended()
	})
	return p
}

func startShell(ctx context.Context, dir, script string) (*Program, error) {
	null, err := os.OpenFile(os.DevNull, os.O_RDWR, 0)
	if err != nil {
		return nil, err
	}
	defer null.Close()
	path, err := exec.LookPath("sh")
	if err != nil {
		return nil, err
	}
	return Start(ctx, Command{Path: path, Args: []string{"sh", "-c", script}, Env: os.Environ(), Dir: dir, Stdin: null, Stdout: null, Stderr: null})
}

// pidsOf waits until the processes have left their ids.
func pidsOf(t *testing.T, dir string, names ...string) []int {
	t.Helper()
	pids := make([]int, 0, len(names))
	for _, name := range names {
		var text []byte
		require.Eventually(t, func() (there bool) {
			var err error
			text, err = os.ReadFile(filepath.Join(dir, name))
			return err == nil
		}, time.Minute, time.Millisecond, name)
		pid, err := strconv.Atoi(strings.TrimSpace(string(text)))
		require.NoError(t, err)
		pids = append(pids, pid)
	}
	return pids
}

func requireGone(t *testing.T, pids ...int) {
	t.Helper()
	for _, pid := range pids {
		require.Eventually(t, func() bool { return gone(pid) }, 20*time.Second, time.Millisecond, "process %d", pid)
	}
}

// gone counts a process that ended, and that nobody has waited for, as gone.
func gone(pid int) bool {
	stat, err := os.ReadFile("/proc/" + strconv.Itoa(pid) + "/stat")
	return err != nil || strings.Contains(string(stat), ") Z ")
}

// TestMain is a worker too.
func TestMain(m *testing.M) {
	if dir := os.Getenv("SUPERVISOR_TEST_WORKER"); dir != "" {
		if _, err := startShell(context.Background(), dir, family); err != nil {
			panic(err)
		}
		select {}
	}
	os.Exit(m.Run())
}

func TestAllEndWithAWorkerThatIsKilled(t *testing.T) {
	t.Parallel()
	for name, signal := range map[string]syscall.Signal{"kill": syscall.SIGKILL, "term": syscall.SIGTERM} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			dir := t.TempDir()
			worker := exec.Command(os.Args[0])
			worker.Env = append(os.Environ(), "SUPERVISOR_TEST_WORKER="+dir)
			require.NoError(t, worker.Start())
			pids := pidsOf(t, dir, append(members, "supervisor")...)
			require.NoError(t, worker.Process.Signal(signal))
			require.Error(t, worker.Wait())
			requireGone(t, pids...)
		})
	}
}

// The kernel ends the programs of a supervisor that is killed, also if the worker can
// do nothing.
func TestProgramsEndWithTheirSupervisor(t *testing.T) {
	t.Parallel()
	dir := t.TempDir()
	worker := exec.Command(os.Args[0])
	worker.Env = append(os.Environ(), "SUPERVISOR_TEST_WORKER="+dir)
	require.NoError(t, worker.Start())
	pids := pidsOf(t, dir, append(members, "supervisor")...)
	require.NoError(t, worker.Process.Signal(syscall.SIGSTOP))
	require.NoError(t, syscall.Kill(pids[4], syscall.SIGKILL))
	requireGone(t, pids[3])
	require.NoError(t, worker.Process.Kill())
	require.Error(t, worker.Wait())
	for _, pid := range pids[1:4] { // nobody finds their groups any more
		_ = syscall.Kill(-pid, syscall.SIGKILL)
	}
}

func TestAllEndWithTheirProgram(t *testing.T) {
	t.Parallel()
	defer Hold()() // else they end with the supervisor
	for name, kill := range map[string]bool{"killed": true, "ends": false} {
		t.Run(name, func(t *testing.T) {
			dir := t.TempDir()
			script := family
			if !kill {
				script = strings.TrimSuffix(family, "sleep 1000") + "while [ ! -e end ]; do sleep 0.01; done; exit 7"
			}
			p := start(t, dir, script)
			pids := pidsOf(t, dir, "child", "session", "program")
			if kill {
				p.Kill()
			} else {
				require.NoError(t, os.WriteFile(filepath.Join(dir, "end"), nil, 0o600))
			}
			<-p.Ended()
			require.Equal(t, !kill, p.Exited())
			require.Equal(t, map[bool]string{true: "signal: killed", false: "exit status 7"}[kill], p.String())
			requireGone(t, pids...)
		})
	}
}

// What a program has detached on purpose stays as long as the program.
func TestTheEndOfAProgramIsNotThatOfAnother(t *testing.T) {
	t.Parallel()
	defer Hold()()
	dir := t.TempDir()
	p := start(t, dir, `(setsid sh -c 'echo $$ > daemon.new; mv daemon.new daemon; exec sleep 1000' &); sleep 1000; :`)
	daemon := pidsOf(t, dir, "daemon")[0]
	for range 3 {
		other := start(t, dir, "sleep 1000")
		other.Kill() // sweeps at once
		<-other.Ended()
	}
	require.False(t, gone(daemon))
	p.Kill()
	<-p.Ended()
	requireGone(t, daemon)
}

func TestASupervisorThatDiesIsReplaced(t *testing.T) {
	// Not parallel: the others use the same one.
	dir := t.TempDir()
	p := start(t, dir, family)
	pids := pidsOf(t, dir, "child", "program", "supervisor")
	session := pidsOf(t, dir, "session", "daemon")
	for _, harmless := range []syscall.Signal{syscall.SIGTERM, syscall.SIGINT, syscall.SIGHUP} {
		require.NoError(t, syscall.Kill(-pids[2], harmless), "it has a group of its own")
	}
	again := start(t, dir, "exit 3")
	<-again.Ended()
	require.Equal(t, "exit status 3", again.String(), "it survives the signals of a terminal")
	require.NoError(t, syscall.Kill(pids[2], syscall.SIGKILL))
	<-p.Ended()
	require.Equal(t, ErrLost.Error(), p.String())
	require.False(t, p.Exited())
	requireGone(t, pids...)
	again = start(t, dir, "exit 4")
	<-again.Ended()
	require.Equal(t, "exit status 4", again.String())
	for _, pid := range session { // nobody finds their groups any more
		_ = syscall.Kill(-pid, syscall.SIGKILL)
	}
}

// Without users it costs nothing.
func TestTheSupervisorEndsWithItsLastUser(t *testing.T) {
	// Not parallel: the others use the same one.
	dir := t.TempDir()
	release := Hold()
	p := start(t, dir, "echo $PPID > supervisor.new; mv supervisor.new supervisor")
	<-p.Ended()
	supervisor := pidsOf(t, dir, "supervisor")[0]
	p = start(t, dir, "[ $PPID = "+strconv.Itoa(supervisor)+" ]")
	<-p.Ended()
	require.Equal(t, "exit status 0", p.String(), "the same one, because it is held")
	release()
	requireGone(t, supervisor)
}

// It is as if this process had started it.
func TestAProgramHasTheEnvironmentAndFilesThatItIsGiven(t *testing.T) {
	t.Parallel()
	reading, writing, err := os.Pipe()
	require.NoError(t, err)
	null, err := os.Open(os.DevNull)
	require.NoError(t, err)
	defer null.Close()
	path, err := exec.LookPath("sh")
	require.NoError(t, err)
	direct := exec.Command("sh", "-c", `echo "$A" ${#B} "$PWD"; ls /proc/self/fd | wc -l; ulimit -n; trap; grep 'Sig[BI]' /proc/self/status`)
	direct.Env = []string{"A=\xff", "B=" + strings.Repeat("long", 1<<14), "PATH=" + os.Getenv("PATH")}
	direct.Dir = "/tmp"
	p, err := Start(t.Context(), Command{
		Path: path, Args: direct.Args, Env: append(direct.Environ(), Variable+"=outer"), Dir: direct.Dir, Stdin: null, Stdout: writing, Stderr: writing,
	})
	require.NoError(t, err)
	require.NoError(t, writing.Close())
	got, err := io.ReadAll(reading)
	require.NoError(t, err)
	<-p.Ended()
	want, err := direct.CombinedOutput()
	require.NoError(t, err)
	require.Equal(t, string(want), string(got), "files, limits, signals")
	_, err = Start(t.Context(), Command{Path: "/no/such/program", Args: []string{"x"}, Dir: "/", Stdin: null, Stdout: null, Stderr: null})
	require.ErrorIs(t, err, syscall.ENOENT)
	require.EqualError(t, err, "fork/exec /no/such/program: no such file or directory")
}

func TestManyProgramsAtOnce(t *testing.T) {
	t.Parallel()
	defer Hold()()
	dir := t.TempDir()
	ended := make(chan string, 100)
	for i := range cap(ended) {
		go func() {
			p, err := startShell(context.Background(), dir, "exit "+strconv.Itoa(i))
			if err != nil {
				ended <- err.Error()
				return
			}
			<-p.Ended()
			if want := "exit status " + strconv.Itoa(i); p.String() != want {
				ended <- p.String() + " instead of " + want
				return
			}
			ended <- ""
		}()
	}
	for range cap(ended) {
		require.Empty(t, <-ended)
	}
}
