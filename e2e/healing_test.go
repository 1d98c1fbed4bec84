package e2e

import (
	"bytes"
	"os"
	"path/filepath"
	"testing"
	"time"

	"github.com/stretchr/testify/require"
)

// A journal that was lost before its batch is flushed, or has a damaged line, costs the
// calls of the answers that are gone, and nothing else.
func TestLostAnswersAreCalledAgain(t *testing.T) {
	t.Parallel()
	const records = 1000
	api := newCountingAPI(t, records, 20*time.Millisecond, 600)
	root, id := t.TempDir(), newID(t)
	worker := startWorker(t, shared, root, id)
	spec := httpSpec(api.URL, records, 10)
	spec.ChunkSize, spec.BatchSize = 100, 10
	run := startJob(t, shared, id, spec)
	api.await(t, 600)
	journals, err := filepath.Glob(filepath.Join(root, "out/_longhaul/journal/*/*"))
	require.NoError(t, err)
	require.Greater(t, len(journals), 3)
	gone, err := os.ReadFile(journals[0])
	require.NoError(t, err)
	require.NoError(t, os.Remove(journals[0]))
	damaged, err := os.OpenFile(journals[1], os.O_RDWR, 0)
	require.NoError(t, err)
	_, err = damaged.WriteAt([]byte("#"), int64(len("longhaul journal 1\n"))+20)
	require.NoError(t, err)
	require.NoError(t, damaged.Close())
	summary := finishJob(t, run)
	require.EqualValues(t, records, summary.Succeeded)
	repeated := api.repeated(t)
	require.Positive(t, repeated)
	// One line of the file is its header. The chunk may have had an answer in flight.
	require.LessOrEqual(t, repeated, int64(bytes.Count(gone, []byte("\n"))+10))
	require.Contains(t, worker.out.String(), "answers that were on disk are gone")
	requireProven(t, root, records)
}
