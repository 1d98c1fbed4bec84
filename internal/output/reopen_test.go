package output

import (
	"os"
	"path"
	"path/filepath"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"longhaul/internal/output/outputtest"
	"longhaul/internal/part/parttest"
	"longhaul/internal/storage"
	"longhaul/job"
)

func all(job.CallError) bool  { return true }
func none(job.CallError) bool { return false }

// Failures in journals are called again, the answers beside them are not, and marks
// stay.
func TestReopenDropsFailuresOfJournals(t *testing.T) {
	t.Parallel()
	f, _ := claimed(t)
	r := job.Range{First: 0, Last: 4}
	outputtest.Write(t, f.Journals, r, 1, parttest.Success(0), parttest.Failure(1), notFound(2))
	for range 2 { // run again, it changes nothing
		failures, batches, err := f.Reopen(t.Context(), serverErrors.Chooses, 4, 4)
		require.NoError(t, err)
		require.Empty(t, batches)
		require.LessOrEqual(t, failures, int64(1))
		answered, err := f.Journals.Answered(t.Context(), r)
		require.NoError(t, err)
		require.True(t, answered.Has(0))
		require.False(t, answered.Has(1))
		require.True(t, answered.Has(2), "not chosen")
	}
	failures, _, err := f.Reopen(t.Context(), all, 4, 4)
	require.NoError(t, err)
	require.EqualValues(t, 1, failures)
	names, err := f.Journals.Names(t.Context())
	require.NoError(t, err)
	require.Len(t, names, 1)
	require.Regexp(t, `-1\.[A-Z0-9]+-reopened-000001\.journal$`, path.Base(names[0]), "the mark of the first time is replaced")

	// What is merged has the new answer.
	answered, err := f.Journals.Answered(t.Context(), r)
	require.NoError(t, err)
	answered.Journals = append(answered.Journals, outputtest.Write(t, f.Journals, r, 2, parttest.Success(1), parttest.Success(2), parttest.Success(3)))
	commit, err := f.Flush(t.Context(), job.Batch{Range: r, Journals: answered.Journals})
	require.NoError(t, err)
	require.EqualValues(t, 4, commit.Succeeded)
	earlier, err := f.Earlier(t.Context())
	require.NoError(t, err)
	require.Len(t, earlier, 1)
	require.EqualValues(t, 2, earlier[0].Failed, "both times")
}

// A batch that ends early, because the job was limited, is opened again when there
// are more records.
func TestReopenGoesOnAfterALimit(t *testing.T) {
	t.Parallel()
	f, _ := claimed(t)
	whole, short := job.Range{First: 0, Last: 3}, job.Range{First: 3, Last: 5}
	for number, r := range []job.Range{whole, short} {
		var results []job.Result
		for i := r.First; i < r.Last; i++ {
			results = append(results, parttest.Success(i))
		}
		batch := job.Batch{Number: int64(number), Range: r, Journals: []job.JournalRef{outputtest.Write(t, f.Journals, r, 1, results...)}}
		batch.Finished = []job.ChunkTiming{{Records: r.Len(), At: time.Unix(int64(number), 0).UTC()}}
		_, err := f.Flush(t.Context(), batch)
		require.NoError(t, err)
	}
	_, batches, err := f.Reopen(t.Context(), all, 5, 3)
	require.NoError(t, err)
	require.Empty(t, batches, "the same limit")
	to, err := f.CommittedTo(t.Context())
	require.NoError(t, err)
	require.EqualValues(t, 5, to)

	_, batches, err = f.Reopen(t.Context(), none, 9, 3)
	require.NoError(t, err)
	require.Equal(t, []job.Partial{{Range: job.Range{First: 3, Last: 6}, Missing: 1}}, batches)
	answered, err := f.Journals.Answered(t.Context(), batches[0].Range)
	require.NoError(t, err)
	require.EqualValues(t, 2, answered.Done())
	earlier, err := f.Earlier(t.Context())
	require.NoError(t, err)
	require.Equal(t, []job.ChunkTiming{{Records: 2, At: time.Unix(1, 0).UTC()}}, earlier[0].Finished)
	found, err := f.Journals.HasSuccess(t.Context())
	require.NoError(t, err)
	require.True(t, found)
}

func TestWhyAJobWasStopped(t *testing.T) {
	t.Parallel()
	f, _ := claimed(t)
	stop, err := f.Stopped(t.Context())
	require.NoError(t, err)
	require.Nil(t, stop)
	told := job.StopError{At: time.Unix(5, 0).UTC(), Reason: "all failed", Failure: job.CallError{Kind: "http", Status: 401, Message: "no"}, Index: 3}
	require.NoError(t, f.PutStopped(t.Context(), told))
	stop, err = f.Stopped(t.Context())
	require.NoError(t, err)
	require.Equal(t, &told, stop)

	// The run that was stopped is history with the next one.
	outputtest.Write(t, f.Journals, job.Range{First: 0, Last: 1}, 1, parttest.Failure(0))
	_, _, err = f.Reopen(t.Context(), all, 1, 1)
	require.NoError(t, err)
	require.NoError(t, f.ClearStopped(t.Context()))
	earlier, err := f.Earlier(t.Context())
	require.NoError(t, err)
	require.Equal(t, "all failed", earlier[0].Why)
	stop, err = f.Stopped(t.Context())
	require.NoError(t, err)
	require.Nil(t, stop)
}

// Each process counts for itself; the others' counts are summed, of this claim only.
func TestTallies(t *testing.T) {
	t.Parallel()
	f, _ := claimed(t)
	other, third := NewFolder(f.store).Under(f.token), NewFolder(f.store).Under(f.token)
	next := other.Under(storage.Token{Epoch: 2})
	require.NoError(t, f.store.Put(t.Context(), next.tallyName(), storage.JSON(job.Totals{Failed: 1000})))
	require.NoError(t, f.PutTally(t.Context(), job.Totals{Succeeded: 1, Failed: 2}))
	require.NoError(t, other.PutTally(t.Context(), job.Totals{Succeeded: 10, Failed: 20}))
	sum, err := f.TallyElsewhere(t.Context())
	require.NoError(t, err)
	require.Equal(t, job.Totals{Succeeded: 10, Failed: 20}, sum)
	sum, err = third.TallyElsewhere(t.Context())
	require.NoError(t, err)
	require.Equal(t, job.Totals{Succeeded: 11, Failed: 22}, sum)
}

// Calls that count as no attempts go from the journal into the part and the totals.
func TestThrottledCallsAndOutagesAreCountedApart(t *testing.T) {
	t.Parallel()
	f, dir := claimed(t)
	r := job.Range{First: 0, Last: 2}
	throttled, down := parttest.Success(0), parttest.Failure(1)
	throttled.Throttled, down.Outage = 7, 3
	commit, err := f.Flush(t.Context(), job.Batch{Range: r, Journals: []job.JournalRef{outputtest.Write(t, f.Journals, r, 1, throttled, down)}})
	require.NoError(t, err)
	require.Equal(t, job.Totals{Succeeded: 1, Failed: 1, Attempts: int64(throttled.Attempts + down.Attempts), Throttled: 7, Outage: 3}, commit.Totals)
	require.Contains(t, content(t, dir, PartName(0)), `"attempts":1,"throttled":7,"latency_ms"`)
	require.Contains(t, content(t, dir, ErrorsName(0)), `"attempts":5,"outage":3,"latency_ms"`)
}

// Damage of what only informs ends no job.
func TestDamagedNotesAreNone(t *testing.T) {
	t.Parallel()
	f, dir := claimed(t)
	outputtest.Write(t, f.Journals, job.Range{First: 0, Last: 1}, 1, parttest.Failure(0))
	for _, name := range []string{stoppedName, earlierName(f.token.Epoch), tallyDir + "000001.x.json"} {
		require.NoError(t, os.MkdirAll(filepath.Dir(filepath.Join(dir, name)), 0o755))
		require.NoError(t, os.WriteFile(filepath.Join(dir, name), []byte(`{"failed":7,`), 0o644))
	}
	stop, err := f.Stopped(t.Context())
	require.NoError(t, err)
	require.Nil(t, stop)
	earlier, err := f.Earlier(t.Context())
	require.NoError(t, err)
	require.Empty(t, earlier)
	sum, err := f.TallyElsewhere(t.Context())
	require.NoError(t, err)
	require.Zero(t, sum)
	_, _, err = f.Reopen(t.Context(), all, 1, 1)
	require.NoError(t, err)
	earlier, err = f.Earlier(t.Context())
	require.NoError(t, err)
	require.Len(t, earlier, 1)
	require.EqualValues(t, 1, earlier[0].Failed)
}
