package output

import (
	"sync/atomic"
	"testing"

	"github.com/stretchr/testify/require"

	"longhaul/internal/output/outputtest"
	"longhaul/internal/part/parttest"
	"longhaul/job"
)

// A job may begin in the folder, and write parts, between any two steps of somebody who
// looks whether the folder is a job's: it never looks like somebody else's.
func TestAFolderThatBecomesAJobs(t *testing.T) {
	t.Parallel()
	for at := int64(1); ; at++ {
		dir := t.TempDir()
		reached := false
		stalled := stalling{Folder: outputtest.Folder(t, dir), at: at, count: &atomic.Int64{}}
		stalled.meanwhile = func() {
			reached = true
			f := NewFolder(outputtest.Folder(t, dir))
			_, err := f.CreateManifest(t.Context(), job.Manifest{Version: job.LayoutVersion, JobID: "J"})
			require.NoError(t, err)
			f = f.Under(outputtest.Claim(t, f.Claims))
			writeJournal(t, f, parttest.Success(0), parttest.Success(1))
			_, err = f.Flush(t.Context(), batchOf(t.Context(), f))
			require.NoError(t, err)
		}
		_, err := NewFolder(stalled).Manifest(t.Context())
		require.NoError(t, err, "stopped before operation %d", at)
		if !reached {
			require.Greater(t, at, int64(4), "each of the operations was one to stop before")
			return
		}
	}
}
