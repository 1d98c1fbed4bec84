package output

import (
	"fmt"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"longhaul/job"
)

// halfDone has three batches of four records: the first is done, the second is in
// journals, and of the third nothing is there.
func halfDone(t *testing.T) (f *Folder, manifest job.Manifest) {
	t.Helper()
	f, _ = claimed(t)
	manifest = job.Manifest{JobID: "J", Spec: job.DefaultSpec(), Input: job.Fingerprint{Records: 12}}
	manifest.Spec.ChunkSize, manifest.Spec.BatchSize = 4, 1
	r := job.Range{First: 0, Last: 4}
	_, err := f.Flush(t.Context(), 1, job.Batch{Range: r, Journals: []job.JournalRef{
		write(t, f, r, 1, success(0), failure(1), failure(2), success(3)),
	}})
	require.NoError(t, err)
	r = job.Range{First: 4, Last: 8}
	write(t, f, r, 1, failure(4), success(5), failure(6))
	// Called again by a later attempt: 4 succeeds now, 6 fails again.
	write(t, f, r, 2, success(4), failure(6))
	return f, manifest
}

func failedOf(t *testing.T, f *Folder, manifest job.Manifest) []string {
	t.Helper()
	var found []string
	require.NoError(t, f.EachFailed(t.Context(), manifest, func(failed Failed) error {
		found = append(found, fmt.Sprintf("%d %s %t", failed.Index, failed.Error.Kind, failed.Journaled))
		require.Equal(t, lines(failure(failed.Index)), string(failed.Line)+"\n")
		return nil
	}))
	return found
}

func TestFailedRecordsOfPartsAndJournals(t *testing.T) {
	t.Parallel()
	f, manifest := halfDone(t)
	require.Equal(t, []string{"1 http false", "2 http false", "6 http true"}, failedOf(t, f, manifest))

	// A batch is committed, and its journals are not gone yet.
	left := write(t, f, job.Range{First: 0, Last: 4}, 9, failure(0))
	require.Equal(t, []string{"1 http false", "2 http false", "6 http true"}, failedOf(t, f, manifest))
	require.NoError(t, f.store.Delete(left.Name))

	// Opened again for records that are called again: the others stay failures.
	reopen := func(status int) []string {
		_, _, err := f.Reopen(t.Context(), 1, func(failure job.CallError) bool { return failure.Status == status }, 12, 4)
		require.NoError(t, err)
		return failedOf(t, f, manifest)
	}
	require.Equal(t, []string{"1 http false", "2 http false", "6 http true"}, reopen(404), "none chosen")
	require.Empty(t, reopen(503))
	facts, err := f.Facts(t.Context(), manifest)
	require.NoError(t, err)
	require.EqualValues(t, 4, facts.Succeeded, "what is kept for the part that is made anew")
	require.Zero(t, facts.Failed)
}

// Its journals were listed, then it was committed.
func TestABatchThatIsCommittedMeanwhile(t *testing.T) {
	t.Parallel()
	f, manifest := halfDone(t)
	journals, err := f.unflushed(manifest)
	require.NoError(t, err)
	r := job.Range{First: 4, Last: 8}
	_, err = f.Flush(t.Context(), 1, job.Batch{Range: r, Number: 1, Journals: []job.JournalRef{
		write(t, f, r, 3, failure(4), success(5), failure(6), success(7)),
	}})
	require.NoError(t, err)
	var done []int64
	require.NoError(t, f.eachJournaled(t.Context(), manifest, journals, func(entry) error {
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
	f, manifest := halfDone(t)
	facts, err := f.Facts(t.Context(), manifest)
	require.NoError(t, err)
	require.EqualValues(t, 4, facts.Succeeded)
	require.EqualValues(t, 3, facts.Failed)
	require.EqualValues(t, 3, facts.Journaled.Done())
	require.Equal(t, job.StateStopped, facts.State.Name)
	require.EqualValues(t, 3, facts.Failures[0].Count)

	require.NoError(t, f.Enter(1))
	facts, err = f.Facts(t.Context(), manifest)
	require.NoError(t, err)
	require.Equal(t, job.StateRunning, facts.State.Name)
	lease, err := f.lease(1)
	require.NoError(t, err)
	require.NoError(t, f.store.Put(f.presenceName(1), writeJSON(presence{time.Now().Add(-2 * lease.Duration.Std())})))
	facts, err = f.Facts(t.Context(), manifest)
	require.NoError(t, err)
	require.Equal(t, job.StateStopped, facts.State.Name, "the worker has not renewed its presence")
	require.NoError(t, f.PutStopped(1, job.StopError{Reason: "all calls failed"}))
	facts, err = f.Facts(t.Context(), manifest)
	require.NoError(t, err)
	require.Equal(t, job.Standing{Name: job.StateStopped, Why: "all calls failed"}, facts.State)

	manifest.Input.Records = 4
	require.NoError(t, f.store.Delete(must(f.journals(job.Range{First: 4, Last: 8}))...))
	facts, err = f.Facts(t.Context(), manifest)
	require.NoError(t, err)
	require.Equal(t, job.StateFinished, facts.State.Name)
}

func must[T any](value T, err error) T {
	if err != nil {
		panic(err)
	}
	return value
}
