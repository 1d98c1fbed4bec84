package e2e

import (
	"math/rand/v2"
	"os"
	"path/filepath"
	"strconv"
	"strings"
	"syscall"
	"testing"
	"time"

	"github.com/stretchr/testify/require"
)

const (
	killRecords     = 20_000
	killParallelism = 200
	kills           = 5
)

// killMarks are random moments, one in each sixth of the job but the last.
func killMarks() []int64 {
	marks := make([]int64, kills)
	for i := range marks {
		sixth := int64(killRecords / (kills + 1))
		marks[i] = sixth*int64(i) + 1 + rand.Int64N(sixth)
	}
	return marks
}

// Promises 1, 2, 3 and 4 under kill -9 of the only worker.
func TestWorkerKilledFiveTimes(t *testing.T) {
	t.Parallel()
	marks := killMarks()
	api := newCountingAPI(t, killRecords, 50*time.Millisecond, marks...)
	root, id := t.TempDir(), newID(t)
	worker := startWorker(t, shared, root, id)
	run := startJob(t, shared, id, httpSpec(api.URL, killRecords, killParallelism))
	for _, mark := range marks {
		api.await(t, mark)
		worker.kill()
		worker = startWorker(t, shared, root, id)
	}
	summary := finishJob(t, run)
	repeated := api.repeated(t)
	t.Logf("killed at calls %v; %d calls repeated, %d in flight at most", marks, repeated, api.most.Load())
	require.EqualValues(t, killRecords, summary.Succeeded)
	require.LessOrEqual(t, repeated, int64(kills*killParallelism))
	require.LessOrEqual(t, api.most.Load(), int64(killParallelism))
	requireProven(t, root, killRecords)
}

// The same with the server killed, on its database, while the worker lives.
func TestServerKilledFiveTimes(t *testing.T) {
	t.Parallel()
	marks := killMarks()
	api := newCountingAPI(t, killRecords, 50*time.Millisecond, marks...)
	root, id := t.TempDir(), newID(t)
	dir := t.TempDir()
	s, err := startServer(dir)
	require.NoError(t, err)
	defer func() { s.stop() }()
	address := s.local.Address()
	startWorker(t, s, root, id)
	startJob(t, s, id, httpSpec(api.URL, killRecords, killParallelism))
	for _, mark := range marks {
		api.await(t, mark)
		killServer(t, s)
		s, err = startServer(dir)
		require.NoError(t, err)
		require.Equal(t, address, s.local.Address(), "the worker knows this address only")
	}
	summary := finishJob(t, s.GetWorkflow(t.Context(), id, ""))
	repeated := api.repeated(t)
	t.Logf("server killed at calls %v; %d calls repeated, %d in flight at most", marks, repeated, api.most.Load())
	require.EqualValues(t, killRecords, summary.Succeeded)
	require.LessOrEqual(t, repeated, int64(kills*killParallelism))
	require.LessOrEqual(t, api.most.Load(), int64(killParallelism))
	requireProven(t, root, killRecords)
}

// killServer is kill -9 of a server, which all that use it survive.
func killServer(t *testing.T, s *server) {
	t.Helper()
	text, err := os.ReadFile(filepath.Join(s.dir, "server.pid"))
	require.NoError(t, err)
	pid, err := strconv.Atoi(strings.TrimSpace(string(text)))
	require.NoError(t, err)
	require.NoError(t, syscall.Kill(pid, syscall.SIGKILL))
	s.Close()
	require.NoError(t, s.local.Close(), "there is no process left to stop")
}
