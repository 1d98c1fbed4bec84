//go:build linux

package calls

import (
	"context"
	"os"
	"os/exec"
	"path/filepath"
	"strconv"
	"strings"
	"syscall"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"longhaul/job"
)

// TestMain is also a worker with programs at work, and a program that leaves its
// process group.
func TestMain(m *testing.M) {
	if dir := os.Getenv("CALLS_TEST_WORKER"); dir != "" {
		work(dir)
	}
	if os.Getenv("CALLS_TEST_HOPPER") != "" {
		hop()
	}
	os.Exit(m.Run())
}

// work has one program that waits for its next record, and two that work.
func work(dir string) {
	spec := job.DefaultExecSpec()
	spec.Command = []string{"sh", "-c", `
		sh -c 'echo $$ > child-'$$'.new; mv child-'$$'.new child-'$$'.pid; exec sleep 1000' &
		(setsid sh -c 'echo $$ > daemon-'$$'.new; mv daemon-'$$'.new daemon-'$$'.pid; sleep 1000; :' &)
		read -r line
		[ "$line" = 1 ] && echo 1
		echo $$ > program-$$.new; mv program-$$.new program-$$.pid
		sleep 1000`}
	c, err := newExec(spec, Options{AllowExec: true, Dir: dir})
	if err != nil {
		panic(err)
	}
	for _, value := range []string{"1", "2", "3"} {
		go func() { _, _ = c.Call(context.Background(), record(value)) }()
	}
	select {}
}

func TestProgramsEndWithTheirWorker(t *testing.T) {
	t.Parallel()
	dir := t.TempDir()
	worker := exec.Command(os.Args[0])
	worker.Env = append(os.Environ(), "CALLS_TEST_WORKER="+dir)
	require.NoError(t, worker.Start())
	var files []string
	require.Eventually(t, func() bool {
		files, _ = filepath.Glob(filepath.Join(dir, "*.pid"))
		return len(files) == 9
	}, time.Minute, 5*time.Millisecond)
	require.NoError(t, worker.Process.Kill())
	require.Error(t, worker.Wait())
	for _, file := range files {
		pid := pidIn(t, file)
		require.Eventually(t, func() bool { return gone(pid) }, 20*time.Second, time.Millisecond, "%s", filepath.Base(file))
	}
}

// pidIn waits until a process has written its id there.
func pidIn(t *testing.T, file string) int {
	t.Helper()
	var text []byte
	require.Eventually(t, func() bool {
		text, _ = os.ReadFile(file)
		return strings.HasSuffix(string(text), "\n")
	}, time.Minute, time.Millisecond)
	pid, err := strconv.Atoi(strings.TrimSpace(string(text)))
	require.NoError(t, err)
	return pid
}

// hop leaves the process group for that of a child, and hangs.
func hop() {
	child := exec.Command("sleep", "25")
	child.SysProcAttr = &syscall.SysProcAttr{Setpgid: true}
	if err := child.Start(); err != nil {
		panic(err)
	}
	if err := syscall.Setpgid(0, child.Process.Pid); err != nil {
		panic(err)
	}
	_ = child.Wait()
	os.Exit(1)
}

// Both hold the pipes: a grandchild in a session of its own, and a program that is no
// more in the group that it was given.
func TestACallEndsAtItsTimeout(t *testing.T) {
	t.Parallel()
	for name, script := range map[string]string{
		"grandchild": `setsid sh -c 'echo $$ > pid; sleep 25; :' & while :; do sleep 1; done`,
		"group":      `echo $$ > pid; CALLS_TEST_HOPPER=1 exec ` + os.Args[0],
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			c := program(t, script, func(s *job.ExecSpec) { s.Timeout = job.Duration(time.Second) })
			began := time.Now()
			require.Equal(t, "timeout", failed(t, c).Kind)
			require.Less(t, time.Since(began), 10*time.Second)
			pid := pidIn(t, filepath.Join(c.dir, "pid"))
			require.Eventually(t, func() bool { return gone(pid) }, 20*time.Second, time.Millisecond)
		})
	}
}

// A supervisor that does nothing stands for a program that cannot be killed.
func TestACallEndsAtItsTimeoutAlsoIfTheProgramDoesNot(t *testing.T) {
	// Not parallel: the others use the same supervisor.
	c := program(t, `echo $PPID > pid; read -r line; sleep 25`, func(s *job.ExecSpec) { s.Timeout = job.Duration(2 * time.Second) })
	result := make(chan error, 1)
	go func() {
		_, err := c.Call(t.Context(), record(`1`))
		result <- err
	}()
	supervisor := pidIn(t, filepath.Join(c.dir, "pid"))
	require.NoError(t, syscall.Kill(supervisor, syscall.SIGSTOP))
	defer func() { require.NoError(t, syscall.Kill(supervisor, syscall.SIGCONT)) }()
	began := time.Now()
	var failure *job.CallError
	require.ErrorAs(t, <-result, &failure)
	require.Equal(t, "timeout", failure.Kind)
	require.Equal(t, "timeout", failed(t, c).Kind, "nor can another one be started")
	require.Less(t, time.Since(began), 15*time.Second)
}

// Programs of a supervisor that has ended are dead, and their records tried again.
func TestACallWhoseSupervisorDies(t *testing.T) {
	// Not parallel: the others use the same supervisor.
	c := program(t, `echo $PPID > pid; while read -r line; do [ "$line" = 2 ] && sleep 25; echo "$line"; done`, nil)
	_, err := c.Call(t.Context(), record(`1`))
	require.NoError(t, err)
	supervisor := pidIn(t, filepath.Join(c.dir, "pid"))
	result := make(chan error, 1)
	go func() {
		_, err := c.Call(t.Context(), record(`2`))
		result <- err
	}()
	require.Eventually(t, func() bool { c.mu.Lock(); defer c.mu.Unlock(); return len(c.idle) == 0 }, time.Minute, time.Millisecond)
	require.NoError(t, syscall.Kill(supervisor, syscall.SIGKILL))
	var failure *job.CallError
	require.ErrorAs(t, <-result, &failure)
	require.True(t, failure.Retry)
	require.Equal(t, "sh ended without an answer: killed, because its supervisor has ended", failure.Message)
	answer, err := c.Call(t.Context(), record(`3`))
	require.NoError(t, err)
	require.Equal(t, "3", string(answer.Output))
}
