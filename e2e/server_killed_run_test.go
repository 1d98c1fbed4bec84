package e2e

import (
	"net"
	"os"
	"path/filepath"
	"strconv"
	"strings"
	"syscall"
	"testing"
	"time"

	"github.com/stretchr/testify/require"
)

const serverDied = "the local Temporal server had died; it runs again, and the job goes on"

// killRunsServer is kill -9 of the local server, and waits for the next one.
func killRunsServer(t *testing.T, dir string) {
	t.Helper()
	require.NoError(t, syscall.Kill(serverProcess(t, dir), syscall.SIGKILL))
}

// The local server dies under a run, three times: it is started again, no call is
// repeated, and a line says so.
func TestTheServerOfARunIsKilled(t *testing.T) {
	t.Parallel()
	const records = 9000
	api, dir, _ := longRun(t, records, 1000, 3500, 6000)
	atMostOneServer(t, dir)
	p := runJob(t, dir)
	for _, mark := range []int64{1000, 3500, 6000} {
		api.await(t, mark)
		killRunsServer(t, dir)
	}
	requireDone(t, p, records)
	require.Contains(t, p.out.String(), serverDied)
	require.LessOrEqual(t, strings.Count(p.out.String(), serverDied), 3, "a line each")
	require.Zero(t, api.repeated(t))
	requireProven(t, dir, records)
	requireNoServer(t, dir)
}

// With two runs one of them starts it again.
func TestTheServerOfTwoRunsIsKilled(t *testing.T) {
	t.Parallel()
	const records = 6000
	api, dir, _ := longRun(t, records, 500, 1500, 3500)
	atMostOneServer(t, dir)
	first := runJob(t, dir)
	api.await(t, 500)
	second := runJob(t, dir)
	says(t, second, joins)
	for _, mark := range []int64{1500, 3500} {
		api.await(t, mark)
		killRunsServer(t, dir)
	}
	for _, p := range []*process{first, second} {
		requireDone(t, p, records)
		require.Contains(t, p.out.String(), serverDied)
	}
	require.Zero(t, api.repeated(t))
	requireProven(t, dir, records)
	requireNoServer(t, dir)
}

// At the worst moments: with the last calls, and together with one of two runs.
func TestTheServerIsKilledAtTheEnd(t *testing.T) {
	t.Parallel()
	const records = 1000
	api, dir, _ := longRun(t, records, records)
	p := runJob(t, dir)
	api.await(t, records)
	killRunsServer(t, dir)
	requireDone(t, p, records)
	require.Zero(t, api.repeated(t))
	requireProven(t, dir, records)
	requireNoServer(t, dir)
}

func TestTheServerAndOneOfTwoRunsAreKilled(t *testing.T) {
	t.Parallel()
	const records = 5000
	api, dir, _ := longRun(t, records, 500, 1500)
	atMostOneServer(t, dir)
	first := runJob(t, dir)
	api.await(t, 500)
	second := runJob(t, dir)
	says(t, second, joins)
	api.await(t, 1500)
	first.signal(syscall.SIGKILL)
	killRunsServer(t, dir)
	requireDone(t, second, records)
	require.LessOrEqual(t, api.repeated(t), int64(50))
	requireProven(t, dir, records)
	requireNoServer(t, dir)
}

// A run that is interrupted while its server is away ends well too.
func TestARunIsInterruptedWhileItsServerIsAway(t *testing.T) {
	t.Parallel()
	const records = 4000
	api, dir, _ := longRun(t, records, 1000)
	first := runJob(t, dir)
	api.await(t, 1000)
	killRunsServer(t, dir)
	first.interrupt(t)
	require.Equal(t, 130, first.wait(), first.out)
	requireNoServer(t, dir)
	second := runJob(t, dir)
	requireDone(t, second, records)
	require.Zero(t, api.repeated(t))
	requireProven(t, dir, records)
}

// Its port may have been taken meanwhile: clients find it at another one.
func TestAServerIsFoundOnAnotherPort(t *testing.T) {
	t.Parallel()
	s, err := startServer(t.TempDir())
	require.NoError(t, err)
	_, err = s.CheckHealth(t.Context(), nil)
	require.NoError(t, err)
	pid, err := os.ReadFile(filepath.Join(s.dir, "server.pid"))
	require.NoError(t, err)
	number, err := strconv.Atoi(string(pid))
	require.NoError(t, err)
	require.NoError(t, syscall.Kill(number, syscall.SIGKILL))
	var taken net.Listener
	require.Eventually(t, func() bool {
		taken, err = net.Listen("tcp", s.local.Address())
		return err == nil
	}, 10*time.Second, time.Millisecond)
	defer taken.Close()
	again, err := startServer(s.dir)
	require.NoError(t, err)
	require.NotEqual(t, s.local.Address(), again.local.Address())
	require.Eventually(t, func() bool {
		_, err := s.CheckHealth(t.Context(), nil)
		return err == nil
	}, 30*time.Second, 100*time.Millisecond)
	s.stop()
	again.stop()
}

// Without the Temporal CLI it cannot be started again: the run ends, says so, and
// goes on later.
func TestTheServerOfARunCannotBeStartedAgain(t *testing.T) {
	const records = 3000
	api, dir, _ := longRun(t, records, 500)
	cli := filepath.Join(t.TempDir(), "temporal")
	program := os.Getenv("TEMPORAL_CLI")
	require.NoError(t, os.Symlink(program, cli))
	t.Setenv("TEMPORAL_CLI", cli)
	first := runJob(t, dir)
	api.await(t, 500)
	require.NoError(t, os.Remove(cli))
	killRunsServer(t, dir)
	require.Equal(t, 1, first.wait(), first.out)
	require.Contains(t, first.out.String(), "longhaul: the local Temporal server has died and cannot be started again: ")
	require.Contains(t, first.out.String(), "the same command goes on")
	t.Setenv("TEMPORAL_CLI", program)
	second := runJob(t, dir)
	requireDone(t, second, records)
	require.Zero(t, api.repeated(t))
	requireNoServer(t, dir)
}
