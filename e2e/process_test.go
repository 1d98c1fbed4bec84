package e2e

import (
	"bytes"
	"errors"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"sync"
	"syscall"
	"testing"

	"github.com/stretchr/testify/require"
)

// process is one of our programs, running.
type process struct {
	t      *testing.T
	cmd    *exec.Cmd
	out    *buffer
	exited chan struct{}
}

// launch starts a program in dir. It is killed when the test ends.
func launch(t *testing.T, dir, program string, args ...string) *process {
	t.Helper()
	return launchWith(t, nil, dir, program, args...)
}

// launchWith starts a program with more variables in its environment.
func launchWith(t *testing.T, env []string, dir, program string, args ...string) *process {
	t.Helper()
	p := &process{t: t, cmd: exec.Command(filepath.Join(binDir, program), args...), out: &buffer{}, exited: make(chan struct{})}
	p.cmd.Dir, p.cmd.Stdout, p.cmd.Stderr = dir, p.out, p.out
	p.cmd.Env = append(environment(), env...)
	// A group of its own, as a shell makes.
	p.cmd.SysProcAttr = &syscall.SysProcAttr{Setpgid: true}
	require.NoError(t, p.cmd.Start())
	go func() {
		defer close(p.exited)
		_ = p.cmd.Wait()
	}()
	t.Cleanup(func() {
		p.signal(syscall.SIGKILL)
		<-p.exited
		if t.Failed() {
			t.Logf("%s %s:\n%s", program, strings.Join(args, " "), p.out)
		}
	})
	return p
}

// environment names no server: each test says which.
func environment() []string {
	var env []string
	for _, variable := range os.Environ() {
		if !strings.HasPrefix(variable, "TEMPORAL_") || strings.HasPrefix(variable, "TEMPORAL_CLI=") {
			env = append(env, variable)
		}
	}
	return append(env, "TEMPORAL_CONFIG_FILE="+os.DevNull)
}

func (p *process) signal(s syscall.Signal) { _ = p.cmd.Process.Signal(s) }

// kill is kill -9, and waits until the process is gone.
func (p *process) kill() {
	p.signal(syscall.SIGKILL)
	<-p.exited
}

// wait returns the exit code.
func (p *process) wait() int {
	<-p.exited
	return p.cmd.ProcessState.ExitCode()
}

// runProgram runs a program to its end.
func runProgram(t *testing.T, dir, program string, args ...string) (output string, code int) {
	t.Helper()
	return runCommand(t, dir, filepath.Join(binDir, program), args...)
}

func runCommand(t *testing.T, dir, program string, args ...string) (output string, code int) {
	t.Helper()
	cmd := exec.Command(program, args...)
	cmd.Dir, cmd.Env = dir, environment()
	out, err := cmd.CombinedOutput()
	var exit *exec.ExitError
	if err != nil && !errors.As(err, &exit) {
		require.NoError(t, err)
	}
	return string(out), cmd.ProcessState.ExitCode()
}

// startWorker starts a worker on a task queue of the test's own.
func startWorker(t *testing.T, s *server, root, queue string, args ...string) *process {
	t.Helper()
	return launch(t, root, "longhaul-worker", append([]string{"--address", s.local.Address(), "--root", root, "--task-queue", queue}, args...)...)
}

// buffer is a bytes.Buffer that may be read while it is written.
type buffer struct {
	mu sync.Mutex
	b  bytes.Buffer
}

func (b *buffer) Write(p []byte) (int, error) {
	b.mu.Lock()
	defer b.mu.Unlock()
	return b.b.Write(p)
}

func (b *buffer) String() string {
	b.mu.Lock()
	defer b.mu.Unlock()
	return b.b.String()
}

func contains(text string, all ...string) bool {
	for _, part := range all {
		if !strings.Contains(text, part) {
			return false
		}
	}
	return true
}

// startWorkerWith starts a worker with variables of its own.
func startWorkerWith(t *testing.T, env []string, root, queue string, args ...string) *process {
	t.Helper()
	return launchWith(t, env, root, "longhaul-worker", append([]string{"--address", shared.local.Address(), "--root", root, "--task-queue", queue}, args...)...)
}
