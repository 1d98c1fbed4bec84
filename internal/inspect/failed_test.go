package inspect

import (
	"fmt"
	"os"
	"path/filepath"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"longhaul/internal/journal"
	"longhaul/internal/output"
	"longhaul/internal/output/outputtest"
	"longhaul/internal/part/parttest"
	"longhaul/internal/report"
	"longhaul/job"
)

// halfDone has three batches of four records: the first is done, the second is in
// journals, and of the third nothing is there.
func halfDone(t *testing.T) (f *Folder, dir string) {
	t.Helper()
	dir = t.TempDir()
	f = &Folder{Folder: output.NewFolder(outputtest.Folder(t, dir))}
	f.Folder = f.Under(outputtest.Claim(t, f.Claims))
	manifest := job.Manifest{JobID: "J", Spec: job.DefaultSpec(), Input: job.Fingerprint{Records: 12}}
	manifest.Spec.ChunkSize, manifest.Spec.BatchSize = 4, 1
	f.Manifest = manifest
	r := job.Range{First: 0, Last: 4}
	_, err := f.Flush(t.Context(), job.Batch{Range: r, Journals: []job.JournalRef{
		outputtest.Write(t, f.Journals, r, 1, parttest.Success(0), parttest.Failure(1), parttest.Failure(2), parttest.Success(3)),
	}})
	require.NoError(t, err)
	r = job.Range{First: 4, Last: 8}
	outputtest.Write(t, f.Journals, r, 1, parttest.Failure(4), parttest.Success(5), parttest.Failure(6))
	// Called again by a later attempt: 4 succeeds now, 6 fails again.
	outputtest.Write(t, f.Journals, r, 2, parttest.Success(4), parttest.Failure(6))
	return f, dir
}

func failedOf(t *testing.T, f *Folder) []string {
	t.Helper()
	var found []string
	require.NoError(t, f.eachFailed(t.Context(), func(failed Failed) error {
		found = append(found, fmt.Sprintf("%d %s %t", failed.Index, failed.Error.Kind, failed.Journaled))
		require.Equal(t, parttest.Lines(parttest.Failure(failed.Index)), string(failed.Line)+"\n")
		return nil
	}))
	return found
}

func TestFailedRecordsOfPartsAndJournals(t *testing.T) {
	t.Parallel()
	f, _ := halfDone(t)
	require.Equal(t, []string{"1 http false", "2 http false", "6 http true"}, failedOf(t, f))

	// A batch is committed, and its journals are not gone yet.
	left := outputtest.Write(t, f.Journals, job.Range{First: 0, Last: 4}, 9, parttest.Failure(0))
	require.Equal(t, []string{"1 http false", "2 http false", "6 http true"}, failedOf(t, f))
	require.NoError(t, f.Journals.Delete(t.Context(), left.Name))

	// Opened again for records that are called again: the others stay failures.
	reopen := func(status int) []string {
		_, _, err := f.Reopen(t.Context(), func(failure job.CallError) bool { return failure.Status == status }, 12, 4)
		require.NoError(t, err)
		return failedOf(t, f)
	}
	require.Equal(t, []string{"1 http false", "2 http false", "6 http true"}, reopen(404), "none chosen")
	require.Empty(t, reopen(503))
	facts, err := f.Facts(t.Context())
	require.NoError(t, err)
	require.EqualValues(t, 4, facts.Succeeded, "what is kept for the part that is made anew")
	require.Zero(t, facts.Failed)
}

// Its journals were listed, then it was committed.
func TestABatchThatIsCommittedMeanwhile(t *testing.T) {
	t.Parallel()
	f, _ := halfDone(t)
	journals, err := f.Journals.ByBatch(t.Context(), 4)
	require.NoError(t, err)
	r := job.Range{First: 4, Last: 8}
	_, err = f.Flush(t.Context(), job.Batch{Range: r, Number: 1, Journals: []job.JournalRef{
		outputtest.Write(t, f.Journals, r, 3, parttest.Failure(4), parttest.Success(5), parttest.Failure(6), parttest.Success(7)),
	}})
	require.NoError(t, err)
	var done []int64
	require.NoError(t, f.eachJournaled(t.Context(), journals, func(journal.Entry) error {
		require.Fail(t, "it is in a part")
		return nil
	}, func(number int64) error {
		done = append(done, number)
		return nil
	}))
	require.Equal(t, []int64{1}, done)
}

// The facts of a job that has not ended count what is in journals too, once.
func TestFactsOfAJobThatHasNotEnded(t *testing.T) {
	t.Parallel()
	f, dir := halfDone(t)
	facts, err := f.Facts(t.Context())
	require.NoError(t, err)
	require.EqualValues(t, 4, facts.Succeeded)
	require.EqualValues(t, 3, facts.Failed)
	require.EqualValues(t, 3, facts.Journaled.Done())
	require.Equal(t, report.Stopped, facts.State.Name)
	require.EqualValues(t, 3, facts.Failures[0].Count)

	require.NoError(t, f.Claims.Enter(t.Context(), 1))
	facts, err = f.Facts(t.Context())
	require.NoError(t, err)
	require.Equal(t, report.Running, facts.State.Name)
	lapse(t, dir)
	facts, err = f.Facts(t.Context())
	require.NoError(t, err)
	require.Equal(t, report.Stopped, facts.State.Name, "the worker has not renewed its presence")
	require.NoError(t, f.PutStopped(t.Context(), job.StopError{Reason: "all calls failed"}))
	facts, err = f.Facts(t.Context())
	require.NoError(t, err)
	require.Equal(t, report.State{Name: report.Stopped, Why: "all calls failed"}, facts.State)

	f.Manifest.Input.Records = 4
	require.NoError(t, f.Journals.Drop(t.Context(), job.Range{First: 4, Last: 8}))
	facts, err = f.Facts(t.Context())
	require.NoError(t, err)
	require.Equal(t, report.Finished, facts.State.Name)
}

// lapse makes the presence in a folder older than its lease.
func lapse(t *testing.T, dir string) {
	t.Helper()
	presences, err := filepath.Glob(filepath.Join(dir, "_longhaul/owner/000001.*.json"))
	require.NoError(t, err)
	require.Len(t, presences, 1)
	old := fmt.Sprintf(`{"renewed":%q}`, time.Now().Add(-2*outputtest.Lease).Format(time.RFC3339))
	require.NoError(t, os.WriteFile(presences[0], []byte(old), 0o644))
}
