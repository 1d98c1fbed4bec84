package output

import (
	"context"
	"errors"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"

	"longhaul/internal/output/outputtest"
	"longhaul/internal/part/parttest"
	"longhaul/internal/storage"
	"longhaul/job"
)

func notFound(index int64) job.Result {
	r := parttest.Failure(index)
	r.Failure = &job.CallError{Kind: "http", Status: 404, Message: "none"}
	return r
}

var serverErrors = job.RedriveSpec{Kind: "http", Status: "5xx"}

// reopened is a folder with a batch of each: nothing to redrive, something.
func reopenable(t *testing.T) (f *Folder, dir string) {
	t.Helper()
	f, dir = claimed(t)
	for number, results := range [][]job.Result{
		{parttest.Success(0), notFound(1), parttest.Success(2)}, {parttest.Failure(3), parttest.Success(4), notFound(5)}, {parttest.Success(6), parttest.Success(7), parttest.Success(8)},
	} {
		r := job.Range{First: int64(number) * 3, Last: int64(number)*3 + 3}
		_, err := f.Flush(t.Context(), job.Batch{Range: r, Number: int64(number), Journals: []job.JournalRef{outputtest.Write(t, f.Journals, r, 1, results...)}})
		require.NoError(t, err)
	}
	return f, dir
}

// What is not chosen stays to the byte, and what is chosen is missing.
func TestRedriveKeepsTheOtherAnswers(t *testing.T) {
	t.Parallel()
	f, dir := reopenable(t)
	for range 2 { // run again, it changes nothing
		_, _, err := f.Reopen(t.Context(), serverErrors.Chooses, 9, 3)
		require.NoError(t, err)
		done, totals, err := f.Resume(t.Context(), 9)
		require.NoError(t, err)
		require.Equal(t, []job.Range{{First: 0, Last: 3}, {First: 6, Last: 9}}, done)
		require.EqualValues(t, 6, totals.Done())
	}
	r := job.Range{First: 3, Last: 6}
	answered, err := f.Journals.Answered(t.Context(), r)
	require.NoError(t, err)
	require.False(t, answered.Has(3))
	require.Equal(t, job.Totals{Succeeded: 1, Failed: 1, Attempts: 6}, answered.Totals)

	answered.Journals = append(answered.Journals, outputtest.Write(t, f.Journals, r, 2, parttest.Success(3)))
	commit, err := f.Flush(t.Context(), job.Batch{Range: r, Number: 1, Journals: answered.Journals})
	require.NoError(t, err)
	require.Equal(t, job.Totals{Succeeded: 2, Failed: 1, Attempts: 7}, commit.Totals)
	require.Equal(t, parttest.Lines(parttest.Success(3), parttest.Success(4)), content(t, dir, PartName(1)))
	require.Equal(t, parttest.Lines(notFound(5)), content(t, dir, ErrorsName(1)))
}

var errKilled = errors.New("killed")

func TestRedriveIsKilledBeforeTheCommitGoes(t *testing.T) {
	t.Parallel()
	f, dir := reopenable(t)
	before := content(t, dir, PartName(1)) + content(t, dir, ErrorsName(1))
	killed := NewFolder(undeletableCommits{f.store})
	killed.token = f.token
	_, _, err := killed.Reopen(t.Context(), serverErrors.Chooses, 9, 3)
	require.ErrorIs(t, err, errKilled)
	done, _, err := f.Resume(t.Context(), 9)
	require.NoError(t, err)
	require.Equal(t, []job.Range{{First: 0, Last: 9}}, done, "the batch is as it was")
	require.Equal(t, before, content(t, dir, PartName(1))+content(t, dir, ErrorsName(1)))
	records, _, err := f.Reopen(t.Context(), serverErrors.Chooses, 9, 3)
	require.NoError(t, err)
	require.EqualValues(t, 1, records)
}

// What a redrive that was killed has left does not answer for the records of
// another one.
func TestARedriveAfterAnotherThatWasKilled(t *testing.T) {
	t.Parallel()
	f, _ := reopenable(t)
	killed := NewFolder(undeletableCommits{f.store})
	killed.token = f.token
	_, _, err := killed.Reopen(t.Context(), serverErrors.Chooses, 9, 3)
	require.ErrorIs(t, err, errKilled)
	f = f.Under(outputtest.Claim(t, f.Claims))
	others := job.RedriveSpec{Status: "404"}
	_, _, err = f.Reopen(t.Context(), others.Chooses, 9, 3)
	require.NoError(t, err)
	answered, err := f.Journals.Answered(t.Context(), job.Range{First: 3, Last: 6})
	require.NoError(t, err)
	require.True(t, answered.Has(3))
	require.False(t, answered.Has(5), "it is to be called")
}

// undeletableCommits is a store whose process is killed before a commit goes.
type undeletableCommits struct{ storage.Folder }

func (s undeletableCommits) Delete(ctx context.Context, names ...string) error {
	if len(names) == 1 && strings.HasPrefix(names[0], commitDir) {
		return errKilled
	}
	return s.Folder.Delete(ctx, names...)
}

func TestRedriveStopsWhenTheFolderIsTakenOver(t *testing.T) {
	t.Parallel()
	f, _ := reopenable(t)
	outputtest.Claim(t, f.Claims)
	_, _, err := f.Reopen(t.Context(), serverErrors.Chooses, 9, 3)
	require.Equal(t, job.KindTakenOver, job.KindOf(err))
}

// A byte of an answer that has changed is not copied into a part whose digest would be
// right: the redrive is refused, and the batch stays as it is.
func TestARedriveRefusesDamage(t *testing.T) {
	t.Parallel()
	for _, name := range []string{PartName(1), ErrorsName(1)} {
		f, dir := reopenable(t)
		damaged := strings.Replace(content(t, dir, name), "103.2", "103.3", 1)
		require.NotEqual(t, damaged, content(t, dir, name))
		require.NoError(t, os.WriteFile(filepath.Join(dir, name), []byte(damaged), 0o644))
		_, _, err := f.Reopen(t.Context(), serverErrors.Chooses, 9, 3)
		require.ErrorContains(t, err, name+": is damaged: its digest is not that of its commit")
		require.Equal(t, job.KindOutput, job.KindOf(err))
		require.FileExists(t, filepath.Join(dir, CommitName(1)))
		journals, err := f.Journals.Names(t.Context())
		require.NoError(t, err)
		require.Empty(t, journals)
	}
}
