package output

import (
	"errors"
	"io"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"

	"longhaul/job"
)

func notFound(index int64) job.Result {
	r := failure(index)
	r.Failure = &job.CallError{Kind: "http", Status: 404, Message: "none"}
	return r
}

var serverErrors = job.RedriveSpec{Kind: "http", Status: "5xx"}

// reopened is a folder with a batch of each: nothing to redrive, something.
func reopenable(t *testing.T) (f *Folder, dir string) {
	t.Helper()
	f, dir = claimed(t)
	for number, results := range [][]job.Result{
		{success(0), notFound(1), success(2)}, {failure(3), success(4), notFound(5)}, {success(6), success(7), success(8)},
	} {
		r := job.Range{First: int64(number) * 3, Last: int64(number)*3 + 3}
		_, err := f.Flush(t.Context(), 1, job.Batch{Range: r, Number: int64(number), Journals: []job.JournalRef{write(t, f, r, 1, results...)}})
		require.NoError(t, err)
	}
	return f, dir
}

// What is not chosen stays to the byte, and what is chosen is missing.
func TestRedriveKeepsTheOtherAnswers(t *testing.T) {
	t.Parallel()
	f, dir := reopenable(t)
	for range 2 { // run again, it changes nothing
		_, _, err := f.Reopen(t.Context(), 1, serverErrors.Chooses, 9, 3)
		require.NoError(t, err)
		done, totals, err := f.Resume(9)
		require.NoError(t, err)
		require.Equal(t, []job.Range{{First: 0, Last: 3}, {First: 6, Last: 9}}, done)
		require.EqualValues(t, 6, totals.Done())
	}
	r := job.Range{First: 3, Last: 6}
	answered, err := f.Answered(r)
	require.NoError(t, err)
	require.False(t, answered.Has(3))
	require.Equal(t, job.Totals{Succeeded: 1, Failed: 1, Attempts: 6}, answered.Totals)

	answered.Journals = append(answered.Journals, write(t, f, r, 2, success(3)))
	commit, err := f.Flush(t.Context(), 1, job.Batch{Range: r, Number: 1, Journals: answered.Journals})
	require.NoError(t, err)
	require.Equal(t, job.Totals{Succeeded: 2, Failed: 1, Attempts: 7}, commit.Totals)
	require.Equal(t, lines(success(3), success(4)), content(t, dir, partName(1)))
	require.Equal(t, lines(notFound(5)), content(t, dir, errorsName(1)))
}

var errKilled = errors.New("killed")

func TestRedriveIsKilledBeforeTheCommitGoes(t *testing.T) {
	t.Parallel()
	f, dir := reopenable(t)
	before := content(t, dir, partName(1)) + content(t, dir, errorsName(1))
	killed := &Folder{store: undeletableCommits{f.store}}
	_, _, err := killed.Reopen(t.Context(), 1, serverErrors.Chooses, 9, 3)
	require.ErrorIs(t, err, errKilled)
	done, _, err := f.Resume(9)
	require.NoError(t, err)
	require.Equal(t, []job.Range{{First: 0, Last: 9}}, done, "the batch is as it was")
	require.Equal(t, before, content(t, dir, partName(1))+content(t, dir, errorsName(1)))
	records, _, err := f.Reopen(t.Context(), 1, serverErrors.Chooses, 9, 3)
	require.NoError(t, err)
	require.EqualValues(t, 1, records)
}

// What a redrive that was killed has left does not answer for the records of
// another one.
func TestARedriveAfterAnotherThatWasKilled(t *testing.T) {
	t.Parallel()
	f, _ := reopenable(t)
	killed := &Folder{store: undeletableCommits{f.store}}
	_, _, err := killed.Reopen(t.Context(), 1, serverErrors.Chooses, 9, 3)
	require.ErrorIs(t, err, errKilled)
	require.NoError(t, f.store.Put(claimName(2), writeJSON(job.Lease{})))
	others := job.RedriveSpec{Status: "404"}
	_, _, err = f.Reopen(t.Context(), 2, others.Chooses, 9, 3)
	require.NoError(t, err)
	answered, err := f.Answered(job.Range{First: 3, Last: 6})
	require.NoError(t, err)
	require.True(t, answered.Has(3))
	require.False(t, answered.Has(5), "it is to be called")
}

// undeletableCommits is a store whose process is killed before a commit goes.
type undeletableCommits struct{ Store }

func (s undeletableCommits) Delete(names ...string) error {
	if len(names) == 1 && strings.HasPrefix(names[0], commitDir) {
		return errKilled
	}
	return s.Store.Delete(names...)
}

func TestRedriveStopsWhenTheFolderIsTakenOver(t *testing.T) {
	t.Parallel()
	f, _ := reopenable(t)
	require.NoError(t, f.store.Put(claimName(2), func(w io.Writer) error { _, err := w.Write([]byte("{}")); return err }))
	_, _, err := f.Reopen(t.Context(), 1, serverErrors.Chooses, 9, 3)
	require.Equal(t, job.KindTakenOver, job.KindOf(err))
}
