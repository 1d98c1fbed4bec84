package localserver

import (
	"bufio"
	"context"
	"net"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"strconv"
	"strings"
	"syscall"
	"testing"
	"time"

	"github.com/stretchr/testify/require"
	"go.temporal.io/sdk/client"

	"longhaul/job"
)

// stateFolder is one for a real server; without the CLI the test is skipped.
func stateFolder(t *testing.T) string {
	t.Helper()
	if _, err := FindCLI(); err != nil {
		t.Skip(err)
	}
	return filepath.Join(t.TempDir(), "state")
}

func start(t *testing.T, dir string) *Server {
	t.Helper()
	s, err := Start(t.Context(), dir, client.Options{})
	require.NoError(t, err)
	t.Cleanup(func() { _ = s.Close() })
	return s
}

func pidOf(t *testing.T, s *Server) int {
	t.Helper()
	pid, err := strconv.Atoi(s.processID())
	require.NoError(t, err)
	return pid
}

func requireStopped(t *testing.T, s *Server, pid int) {
	t.Helper()
	require.False(t, s.alive())
	require.NoFileExists(t, filepath.Join(s.dir, pidFile))
	_, err := net.Dial("tcp", s.Address())
	require.Error(t, err)
	require.Eventually(t, func() bool { return syscall.Kill(pid, 0) != nil }, 10*time.Second, 10*time.Millisecond)
}

func TestASecondStartInTheSameFolder(t *testing.T) {
	t.Parallel()
	dir := stateFolder(t)
	first := start(t, dir)
	pid := pidOf(t, first)
	second := start(t, dir)
	require.Equal(t, first.Address(), second.Address())
	require.Equal(t, pid, pidOf(t, second))
	found, err := Find(t.Context(), dir, client.Options{})
	require.NoError(t, err)
	require.Equal(t, first.UI(), found.UI())

	require.NoError(t, first.Close())
	require.NoError(t, second.ping(t.Context()), "it has another user")
	require.NoError(t, second.Close())
	requireStopped(t, second, pid)
	found, err = Find(t.Context(), dir, client.Options{})
	require.NoError(t, err)
	require.Nil(t, found)

	third := start(t, dir)
	require.Equal(t, first.Address(), third.Address(), "the same port if it is free")
}

func TestTwoProcessesStartAtTheSameMoment(t *testing.T) {
	t.Parallel()
	dir := stateFolder(t)
	servers := make(chan *Server, 2)
	for range 2 {
		go func() {
			s, err := Start(context.WithoutCancel(t.Context()), dir, client.Options{})
			if err != nil {
				t.Error(err)
			}
			servers <- s
		}()
	}
	first, second := <-servers, <-servers
	require.Equal(t, first.Address(), second.Address())
	pid := pidOf(t, first)
	require.NoError(t, first.Close())
	require.NoError(t, second.Close())
	requireStopped(t, second, pid)
}

// A server outlives the process that started it, if that is killed.
func TestTheParentIsKilled(t *testing.T) {
	t.Parallel()
	dir := stateFolder(t)
	self, err := os.Executable()
	require.NoError(t, err)
	parent := exec.CommandContext(t.Context(), self)
	parent.Env = append(os.Environ(), holdVariable+"="+dir)
	out, err := parent.StdoutPipe()
	require.NoError(t, err)
	require.NoError(t, parent.Start())
	t.Cleanup(func() { _ = newServer(dir, client.Options{}, nil).stop(context.WithoutCancel(t.Context())) })
	address, err := bufio.NewReader(out).ReadString('\n')
	require.NoError(t, err)
	require.NoError(t, parent.Process.Kill())
	require.Error(t, parent.Wait())

	found, err := Find(t.Context(), dir, client.Options{})
	require.NoError(t, err)
	require.Equal(t, strings.TrimSpace(address), found.Address())
	pid := pidOf(t, found)
	session, _, errno := syscall.RawSyscall(syscall.SYS_GETSID, uintptr(pid), 0, 0)
	require.Zero(t, errno)
	require.EqualValues(t, pid, session, "no signal of a terminal reaches it")
	s := start(t, dir)
	require.Equal(t, pid, pidOf(t, s))
	require.NoError(t, s.Close())
	requireStopped(t, s, pid)
}

// The id in a pid file whose lock is free may be any process's by now: this test's.
func TestAStalePIDFile(t *testing.T) {
	t.Parallel()
	dir := stateFolder(t)
	require.NoError(t, os.Mkdir(dir, 0o755))
	require.NoError(t, os.WriteFile(filepath.Join(dir, pidFile), []byte(strconv.Itoa(os.Getpid())), 0o644))
	require.NoError(t, os.WriteFile(filepath.Join(dir, addressFile), []byte(`{"address":"127.0.0.1:1"}`), 0o644))
	found, err := Find(t.Context(), dir, client.Options{})
	require.NoError(t, err)
	require.Nil(t, found)
	s := start(t, dir)
	require.NotEqual(t, os.Getpid(), pidOf(t, s))
	pid := pidOf(t, s)
	require.NoError(t, s.Close())
	requireStopped(t, s, pid)
	require.NoError(t, s.Close(), "a second time")
}

func TestAServerThatDiedIsStartedAgain(t *testing.T) {
	t.Parallel()
	s := start(t, stateFolder(t))
	pid := pidOf(t, s)
	ctx, cancel := context.WithCancel(t.Context())
	restarted, ended := make(chan struct{}), make(chan error, 1)
	go func() { ended <- s.Keep(ctx, func() { close(restarted) }) }()
	require.NoError(t, syscall.Kill(pid, syscall.SIGKILL))
	<-restarted
	require.NotEqual(t, pid, pidOf(t, s))
	require.NoError(t, s.ping(t.Context()))
	cancel()
	require.NoError(t, <-ended)
	pid = pidOf(t, s)
	require.NoError(t, s.Close())
	requireStopped(t, s, pid)
}

// hintOf is what an error advises.
func hintOf(t *testing.T, err error) string {
	t.Helper()
	var failure *job.Error
	require.ErrorAs(t, err, &failure)
	require.NotEmpty(t, failure.Op)
	require.Equal(t, job.KindServer, failure.Kind)
	return failure.Hint
}

// The command of the hint is given: then the server starts.
func TestADamagedDatabase(t *testing.T) {
	t.Parallel()
	dir := stateFolder(t)
	require.NoError(t, os.Mkdir(dir, 0o755))
	require.NoError(t, os.WriteFile(filepath.Join(dir, databaseFile), []byte(strings.Repeat("no database ", 1000)), 0o644))
	_, err := Start(t.Context(), dir, client.Options{})
	require.ErrorContains(t, err, "file is not a database")
	hint := regexp.MustCompile(`move it away with (mv .*) and give the command again`).FindStringSubmatch(hintOf(t, err))
	require.NotNil(t, hint, err)
	require.NoError(t, exec.CommandContext(t.Context(), "sh", "-c", hint[1]).Run())
	require.NoError(t, start(t, dir).ping(t.Context()))
}

// Another process can take a port between the choice and the start.
func TestAPortIsTakenMeanwhile(t *testing.T) {
	dir := stateFolder(t)
	cli, err := FindCLI()
	require.NoError(t, err)
	useCLI(t, `if [ ! -e `+dir+`/tried ]; then touch `+dir+`/tried; echo "bind: address already in use"; exit 1; fi; exec `+cli+` "$@"`)
	s := start(t, dir)
	require.FileExists(t, filepath.Join(dir, "tried"))
	require.NoError(t, s.ping(t.Context()))
}

// useCLI makes a shell script the Temporal CLI.
func useCLI(t *testing.T, script string) {
	t.Helper()
	cli := filepath.Join(t.TempDir(), "temporal")
	require.NoError(t, os.WriteFile(cli, []byte("#!/bin/sh\n"+script+"\n"), 0o755))
	t.Setenv(cliVariable, cli)
}

// A server that ends at once is started again on other ports, and not waited for.
func TestAServerThatEndsAtOnce(t *testing.T) {
	dir := t.TempDir()
	useCLI(t, `echo "$@" >> `+dir+`/tries; echo 'level=ERROR msg="no luck today"'; exit 1`)
	began := time.Now()
	_, err := Start(t.Context(), dir, client.Options{})
	require.ErrorContains(t, err, filepath.Join(dir, "server.log")+": the local Temporal server did not start: it has ended at once: no luck today; the log says why")
	require.Less(t, time.Since(began), 30*time.Second)
	tries, err := os.ReadFile(filepath.Join(dir, "tries"))
	require.NoError(t, err)
	require.Equal(t, maxTries+1, strings.Count(string(tries), "start-dev"))
}

func TestACLIThatIsTooOld(t *testing.T) {
	useCLI(t, `echo "unknown flag: --sqlite-pragma" >&2; exit 1`)
	_, err := Start(t.Context(), t.TempDir(), client.Options{})
	require.ErrorContains(t, err, "unknown flag: --sqlite-pragma")
	require.Contains(t, hintOf(t, err), "install a newer Temporal CLI")
}

func TestAStateFolderThatCannotBeMade(t *testing.T) {
	t.Parallel()
	file := filepath.Join(t.TempDir(), "file")
	require.NoError(t, os.WriteFile(file, nil, 0o644))
	_, err := Start(t.Context(), filepath.Join(file, "state"), client.Options{})
	require.Equal(t, "name another folder with --state", hintOf(t, err))
}

// The lock of server.pid keeps two servers from one database.
func TestNoServerIsStartedBesideALivingOne(t *testing.T) {
	t.Parallel()
	s := newServer(t.TempDir(), client.Options{}, nil)
	held, err := lockPIDFile(t.Context(), s.dir)
	require.NoError(t, err)
	require.True(t, s.alive())
	ctx, cancel := context.WithTimeout(t.Context(), 3*pollInterval)
	defer cancel()
	_, err = lockPIDFile(ctx, s.dir)
	require.ErrorContains(t, err, "a server runs already")
	require.NoError(t, held.Close())
	require.False(t, s.alive())
}
