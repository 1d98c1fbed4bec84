package output

import (
	"bytes"
	"os"
	"path/filepath"
	"strconv"
	"testing"

	"github.com/stretchr/testify/require"

	"longhaul/internal/output/outputtest"
	"longhaul/internal/part/parttest"
	"longhaul/job"
)

// A redrive copies no changed byte into a new part, where its digest would be right: it
// refuses, and the batch stays committed.
func TestReopenRefusesAChangedPart(t *testing.T) {
	t.Parallel()
	for _, name := range []string{PartName(0), ErrorsName(0)} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			f, dir := claimed(t)
			r := job.Range{Last: 3}
			_, err := f.Flush(t.Context(), job.Batch{Range: r, Journals: []job.JournalRef{
				outputtest.Write(t, f.Journals, r, 1, parttest.Success(0), parttest.Failure(1), notFound(2)),
			}})
			require.NoError(t, err)
			file := filepath.Join(dir, name)
			before, err := os.ReadFile(file)
			require.NoError(t, err)
			changed := bytes.Replace(before, []byte(`"attempts":`), []byte(`"attempts":1`), 1)
			require.NotEqual(t, before, changed)
			require.NoError(t, os.WriteFile(file, changed, 0o644))
			_, _, err = f.Reopen(t.Context(), serverErrors.Chooses, 3, 3)
			require.ErrorContains(t, err, name+": is damaged: its digest is not that of its commit")
			require.FileExists(t, filepath.Join(dir, CommitName(0)))
		})
	}
}

// A commit that cannot be read stops a redrive: it must not lose the batch.
func TestReopenRefusesADamagedCommit(t *testing.T) {
	t.Parallel()
	f, dir := finished(t)
	f = f.Under(outputtest.Claim(t, f.Claims))
	require.NoError(t, os.WriteFile(filepath.Join(dir, CommitName(1)), []byte("{}"), 0o644))
	_, _, err := f.Reopen(t.Context(), all, 25, 10)
	require.ErrorContains(t, err, "commits/000001.json: is damaged")
}

// Settings of an earlier claim are no later version of this one's, damaged ones are
// replaced, and of very many changes the last are kept.
func TestControlOfAnotherClaim(t *testing.T) {
	t.Parallel()
	f, dir := claimed(t)
	require.NoError(t, f.PutControl(t.Context(), job.Control{Epoch: 1, RunID: "a", Version: 9, Changes: change("1")}))
	require.NoError(t, f.PutControl(t.Context(), job.Control{Epoch: 2, RunID: "a", Version: 1, Changes: change("2")}))
	control, err := f.Control(t.Context())
	require.NoError(t, err)
	require.EqualValues(t, 2, control.Epoch)

	require.NoError(t, os.WriteFile(filepath.Join(dir, controlName), []byte("{"), 0o644))
	require.NoError(t, f.PutControl(t.Context(), job.Control{Epoch: 2, RunID: "a", Version: 1}))
	many := make([]job.Change, 0, maxChanges+1)
	for i := range maxChanges + 1 {
		many = append(many, change(strconv.Itoa(i))...)
	}
	require.NoError(t, f.PutControl(t.Context(), job.Control{Epoch: 2, RunID: "a", Version: 2, Changes: many}))
	control, err = f.Control(t.Context())
	require.NoError(t, err)
	require.Equal(t, maxChanges, len(control.Changes)) //nolint:testifylint // a thousand changes tell nobody anything
	require.Equal(t, strconv.Itoa(maxChanges), control.Changes[maxChanges-1].To, "the first one goes")
}

// Very many ranges of lost answers are told as one: they go through Temporal.
func TestVeryManyLostAnswersAreOneRange(t *testing.T) {
	t.Parallel()
	f, _ := claimed(t)
	r := job.Range{First: 10, Last: 10 + 2*maxLost + 3}
	var results []job.Result
	for i := r.First + 1; i < r.Last; i += 2 {
		results = append(results, parttest.Success(i))
	}
	flushed, err := f.Flush(t.Context(), job.Batch{Range: r, Journals: []job.JournalRef{outputtest.Write(t, f.Journals, r, 1, results...)}})
	require.NoError(t, err)
	require.Equal(t, []job.Range{r}, flushed.Lost)
}

// Answers of records beside the batch are not its own: a journal may reach over its
// border.
func TestFlushLeavesOutTheNeighbours(t *testing.T) {
	t.Parallel()
	f, dir := claimed(t)
	all, r := job.Range{Last: 6}, job.Range{First: 2, Last: 4}
	ref := outputtest.Write(t, f.Journals, all, 1, parttest.Success(0), parttest.Success(5), parttest.Success(3), parttest.Success(2))
	flushed, err := f.Flush(t.Context(), job.Batch{Range: r, Number: 1, Journals: []job.JournalRef{ref}})
	require.NoError(t, err)
	require.EqualValues(t, 2, flushed.Done())
	require.Equal(t, parttest.Lines(parttest.Success(2), parttest.Success(3)), content(t, dir, PartName(1)))
}

// The end of a job takes a batch only for what it covers, looks at the errors parts too,
// and releases the folder.
func TestFinishLooksAtAllOfACommit(t *testing.T) {
	t.Parallel()
	f, dir := claimed(t)
	r := job.Range{Last: 2}
	_, err := f.Flush(t.Context(), job.Batch{Range: r, Journals: []job.JournalRef{outputtest.Write(t, f.Journals, r, 1, parttest.Success(0), parttest.Failure(1))}})
	require.NoError(t, err)
	_, err = f.Finish(t.Context(), job.Ref{JobID: "J", Epoch: 1}, 3, 3)
	require.ErrorContains(t, err, "commits/000000.json: covers")
	require.NoError(t, os.Remove(filepath.Join(dir, ErrorsName(0))))
	_, err = f.Finish(t.Context(), job.Ref{JobID: "J", Epoch: 1}, 2, 2)
	require.ErrorContains(t, err, ErrorsName(0)+": is missing or was changed")
}

func TestFinishLeavesNothingBehind(t *testing.T) {
	t.Parallel()
	f, _ := claimed(t)
	r := job.Range{Last: 1}
	_, err := f.Flush(t.Context(), job.Batch{Range: r, Journals: []job.JournalRef{outputtest.Write(t, f.Journals, r, 1, parttest.Success(0))}})
	require.NoError(t, err)
	outputtest.Write(t, f.Journals, r, 2, parttest.Success(0)) // of an attempt that was cut off
	require.NoError(t, f.PutTally(t.Context(), job.Totals{Failed: 1}))
	_, err = f.Finish(t.Context(), job.Ref{JobID: "J", Epoch: 1}, 1, 1)
	require.NoError(t, err)
	names, err := f.Journals.Names(t.Context())
	require.NoError(t, err)
	require.Empty(t, names)
	entries, err := f.store.List(t.Context(), tallyDir)
	require.NoError(t, err)
	require.Empty(t, entries)
	require.Equal(t, job.KindTakenOver, job.KindOf(f.Claims.Confirm(t.Context(), 1)), "the claim is released")
}
