package e2e

import (
	"os"
	"path/filepath"
	"strings"
	"syscall"
	"testing"
	"time"

	"github.com/stretchr/testify/require"
)

// smallDisk is a file system with little room.
func smallDisk(t *testing.T, size string) string {
	t.Helper()
	dir := t.TempDir()
	if err := mountSmallDisk(t, dir, size); err != nil {
		t.Skipf("a small file system can only be mounted by root: %v", err)
	}
	return dir
}

func mountSmallDisk(t *testing.T, dir, size string) error {
	t.Helper()
	err := syscall.Mount("none", dir, "tmpfs", 0, "size="+size)
	if err == nil {
		t.Cleanup(func() { require.NoError(t, syscall.Unmount(dir, syscall.MNT_DETACH)) })
	}
	return err
}

// fillDisk writes a file until no block is free.
func fillDisk(t *testing.T, ballast string) {
	t.Helper()
	file, err := os.Create(ballast)
	require.NoError(t, err)
	block := make([]byte, 4<<10)
	for err == nil {
		_, err = file.Write(block)
	}
	require.ErrorIs(t, err, syscall.ENOSPC)
	require.NoError(t, file.Close())
}

// A disk that is full stops the calls, not the job: the answers in flight are held and
// written when there is room, and none is called again.
func TestAFullDisk(t *testing.T) {
	t.Parallel()
	const records, parallelism = 6000, 20
	api := newCountingAPI(t, records, 5*time.Millisecond, 1000)
	root, id := smallDisk(t, "8m"), newID(t)
	worker := startWorker(t, shared, root, id)
	spec := httpSpec(api.URL, records, parallelism)
	spec.ChunkSize, spec.BatchSize = 500, 4
	run := startJob(t, shared, id, spec)
	api.await(t, 1000)
	ballast := filepath.Join(root, "ballast")
	fillDisk(t, ballast)

	status := ""
	require.Eventually(t, func() bool {
		status, _ = runProgram(t, t.TempDir(), "longhaul", "status", id, "--address", shared.local.Address())
		return strings.Contains(status, "waiting for disk (no space left on device)")
	}, 30*time.Second, 200*time.Millisecond, "%s", &status)
	held := api.total.Load()
	<-time.After(3 * time.Second)
	require.Equal(t, held, api.total.Load(), "no call starts")
	require.NoError(t, os.Remove(ballast))
	summary := finishJob(t, run)
	require.EqualValues(t, records, summary.Succeeded)
	require.Zero(t, api.repeated(t), worker.out)
	requireProven(t, root, records)
}
