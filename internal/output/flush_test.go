package output

import (
	"context"
	"os"
	"path/filepath"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"longhaul/internal/claim"
	"longhaul/internal/output/outputtest"
	"longhaul/internal/part/parttest"
	"longhaul/job"
)

// claimed is a folder in the hands of epoch 1.
func claimed(t *testing.T) (f *Folder, dir string) {
	t.Helper()
	dir = t.TempDir()
	f = NewFolder(outputtest.Folder(t, dir))
	outputtest.Claim(t, f.Claims)
	return f, dir
}

func content(t *testing.T, dir, name string) string {
	t.Helper()
	data, err := os.ReadFile(filepath.Join(dir, name))
	require.NoError(t, err)
	return string(data)
}

func TestFlushMergesInInputOrder(t *testing.T) {
	t.Parallel()
	f, dir := claimed(t)
	r := job.Range{First: 10, Last: 16}
	batch := job.Batch{Range: r, Number: 1, Journals: []job.JournalRef{
		outputtest.Write(t, f.Journals, job.Range{First: 10, Last: 13}, 1, parttest.Success(12), parttest.Failure(10), parttest.Success(11)),
		outputtest.Write(t, f.Journals, job.Range{First: 13, Last: 16}, 1, parttest.Success(15), parttest.Success(13), parttest.Success(14)),
	}}
	commit, err := f.Flush(t.Context(), 1, batch)
	require.NoError(t, err)
	require.Equal(t, job.Totals{Succeeded: 5, Failed: 1, Attempts: 10}, commit.Totals)
	require.Equal(t, parttest.Lines(parttest.Success(11), parttest.Success(12), parttest.Success(13), parttest.Success(14), parttest.Success(15)), content(t, dir, "part-000001.jsonl"))
	require.Equal(t, parttest.Lines(parttest.Failure(10)), content(t, dir, "errors-000001.jsonl"))
	names, err := f.Journals.Names(t.Context())
	require.NoError(t, err)
	require.Empty(t, names, "the journals are gone")

	before := content(t, dir, CommitName(1))
	again, err := f.Flush(t.Context(), 1, batch)
	require.NoError(t, err)
	require.Equal(t, commit.Totals, again.Totals)
	require.Equal(t, before, content(t, dir, CommitName(1)), "run twice, it changes nothing")
}

// A cut-off attempt may go on appending; only sealed bytes count, and the first
// answer of a record.
func TestFlushTakesOneAnswerAndOnlySealedBytes(t *testing.T) {
	t.Parallel()
	f, dir := claimed(t)
	r := job.Range{Last: 3}
	stale, err := f.Journals.Create(t.Context(), r, "run", 1)
	require.NoError(t, err)
	require.NoError(t, stale.Append(parttest.Success(0)))
	answered, err := f.Journals.Answered(t.Context(), r)
	require.NoError(t, err)
	late := parttest.Success(1)
	late.Output = []byte(`"too late"`)
	require.NoError(t, stale.Append(late))
	other := parttest.Success(0)
	other.Output = []byte(`"second answer"`)
	second := outputtest.Write(t, f.Journals, r, 2, parttest.Success(1), parttest.Success(2), other)

	commit, err := f.Flush(t.Context(), 1, job.Batch{Range: r, Journals: append(answered.Journals, second)})
	require.NoError(t, err)
	require.Equal(t, job.Totals{Succeeded: 3, Attempts: 3}, commit.Totals)
	require.Equal(t, parttest.Lines(parttest.Success(0), parttest.Success(1), parttest.Success(2)), content(t, dir, "part-000000.jsonl"))
	require.NoError(t, stale.Append(late), "it does not notice that its journal is gone")
}

func TestFlushAfterACrashBetweenPartAndCommit(t *testing.T) {
	t.Parallel()
	f, dir := claimed(t)
	r := job.Range{Last: 2}
	batch := job.Batch{Range: r, Journals: []job.JournalRef{outputtest.Write(t, f.Journals, r, 1, parttest.Success(0), parttest.Success(1))}}
	require.NoError(t, os.WriteFile(filepath.Join(dir, "part-000000.jsonl"), []byte("half"), 0o644))
	_, err := f.Flush(t.Context(), 1, batch)
	require.NoError(t, err)
	require.Equal(t, parttest.Lines(parttest.Success(0), parttest.Success(1)), content(t, dir, "part-000000.jsonl"))
}

func TestFlushAfterACrashBetweenCommitAndCleaning(t *testing.T) {
	t.Parallel()
	f, dir := claimed(t)
	r := job.Range{Last: 2}
	ref := outputtest.Write(t, f.Journals, r, 1, parttest.Success(0), parttest.Success(1))
	batch := job.Batch{Range: r, Journals: []job.JournalRef{ref}}
	_, err := f.Flush(t.Context(), 1, batch)
	require.NoError(t, err)
	outputtest.Write(t, f.Journals, r, 1, parttest.Success(0), parttest.Success(1))
	_, err = f.Flush(t.Context(), 1, batch)
	require.NoError(t, err)
	require.NoFileExists(t, filepath.Join(dir, ref.Name))
}

// A batch that is made anew without failures leaves no old errors part behind.
func TestABatchIsMadeAnew(t *testing.T) {
	t.Parallel()
	f, dir := claimed(t)
	r := job.Range{Last: 2}
	_, err := f.Flush(t.Context(), 1, job.Batch{Range: r, Journals: []job.JournalRef{outputtest.Write(t, f.Journals, r, 1, parttest.Failure(0), parttest.Success(1))}})
	require.NoError(t, err)
	require.FileExists(t, filepath.Join(dir, "errors-000000.jsonl"))
	require.NoError(t, os.Remove(filepath.Join(dir, CommitName(0))))
	_, err = f.Flush(t.Context(), 1, job.Batch{Range: r, Journals: []job.JournalRef{outputtest.Write(t, f.Journals, r, 2, parttest.Success(0), parttest.Success(1))}})
	require.NoError(t, err)
	require.NoFileExists(t, filepath.Join(dir, "errors-000000.jsonl"))
}

func TestFlushNamesALostAnswer(t *testing.T) {
	t.Parallel()
	f, dir := claimed(t)
	r := job.Range{Last: 3}
	ref := outputtest.Write(t, f.Journals, r, 1, parttest.Success(0), parttest.Success(2))
	_, err := f.Flush(t.Context(), 1, job.Batch{Range: r, Journals: []job.JournalRef{ref}})
	require.ErrorContains(t, err, "record 1: an answer that was on disk is gone")
	require.Equal(t, job.KindOutput, job.KindOf(err))
	_, err = f.Flush(t.Context(), 1, job.Batch{Range: r, Journals: []job.JournalRef{{Name: "_longhaul/journal/none", Size: 9}}})
	require.ErrorContains(t, err, "is gone")
	require.NoFileExists(t, filepath.Join(dir, "part-000000.jsonl"))
}

func TestFlushStopsWhenTheFolderIsTakenOver(t *testing.T) {
	t.Parallel()
	f, dir := claimed(t)
	r := job.Range{Last: 1}
	batch := job.Batch{Range: r, Journals: []job.JournalRef{outputtest.Write(t, f.Journals, r, 1, parttest.Success(0))}}
	epoch, _, err := f.Claims.Take(t.Context(), claim.Owner{WorkflowID: "other"}, time.Hour, func(context.Context, claim.Owner) (claim.State, error) { return claim.Ended, nil })
	require.NoError(t, err)
	require.EqualValues(t, 2, epoch)
	_, err = f.Flush(t.Context(), 1, batch)
	require.Equal(t, job.KindTakenOver, job.KindOf(err))
	require.NoFileExists(t, filepath.Join(dir, "part-000000.jsonl"))
}

func TestFlushIsCanceled(t *testing.T) {
	t.Parallel()
	f, _ := claimed(t)
	r := job.Range{Last: 1}
	ctx, cancel := context.WithCancel(t.Context())
	cancel()
	_, err := f.Flush(ctx, 1, job.Batch{Range: r, Journals: []job.JournalRef{outputtest.Write(t, f.Journals, r, 1, parttest.Success(0))}})
	require.ErrorIs(t, err, context.Canceled)
}
