package output

import (
	"context"
	"encoding/json"
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

// claimed is a folder in the hands of epoch 1.
func claimed(t *testing.T) (f *Folder, dir string) {
	t.Helper()
	dir = t.TempDir()
	f = NewFolder(outputtest.Folder(t, dir))
	f = f.Under(outputtest.Claim(t, f.Claims))
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
	commit, err := f.Flush(t.Context(), batch)
	require.NoError(t, err)
	require.Equal(t, job.Totals{Succeeded: 5, Failed: 1, Attempts: 10}, commit.Totals)
	require.Equal(t, parttest.Lines(parttest.Success(11), parttest.Success(12), parttest.Success(13), parttest.Success(14), parttest.Success(15)), content(t, dir, "part-000001.jsonl"))
	require.Equal(t, parttest.Lines(parttest.Failure(10)), content(t, dir, "errors-000001.jsonl"))
	names, err := f.Journals.Names(t.Context())
	require.NoError(t, err)
	require.Empty(t, names, "the journals are gone")

	before := content(t, dir, CommitName(1))
	again, err := f.Flush(t.Context(), batch)
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

	commit, err := f.Flush(t.Context(), job.Batch{Range: r, Journals: append(answered.Journals, second)})
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
	_, err := f.Flush(t.Context(), batch)
	require.NoError(t, err)
	require.Equal(t, parttest.Lines(parttest.Success(0), parttest.Success(1)), content(t, dir, "part-000000.jsonl"))
}

func TestFlushAfterACrashBetweenCommitAndCleaning(t *testing.T) {
	t.Parallel()
	f, dir := claimed(t)
	r := job.Range{Last: 2}
	ref := outputtest.Write(t, f.Journals, r, 1, parttest.Success(0), parttest.Success(1))
	batch := job.Batch{Range: r, Journals: []job.JournalRef{ref}}
	_, err := f.Flush(t.Context(), batch)
	require.NoError(t, err)
	outputtest.Write(t, f.Journals, r, 1, parttest.Success(0), parttest.Success(1))
	_, err = f.Flush(t.Context(), batch)
	require.NoError(t, err)
	require.NoFileExists(t, filepath.Join(dir, ref.Name))
}

// A batch that is made anew without failures leaves no old errors part behind.
func TestABatchIsMadeAnew(t *testing.T) {
	t.Parallel()
	f, dir := claimed(t)
	r := job.Range{Last: 2}
	_, err := f.Flush(t.Context(), job.Batch{Range: r, Journals: []job.JournalRef{outputtest.Write(t, f.Journals, r, 1, parttest.Failure(0), parttest.Success(1))}})
	require.NoError(t, err)
	require.FileExists(t, filepath.Join(dir, "errors-000000.jsonl"))
	require.NoError(t, os.Remove(filepath.Join(dir, CommitName(0))))
	_, err = f.Flush(t.Context(), job.Batch{Range: r, Journals: []job.JournalRef{outputtest.Write(t, f.Journals, r, 2, parttest.Success(0), parttest.Success(1))}})
	require.NoError(t, err)
	require.NoFileExists(t, filepath.Join(dir, "errors-000000.jsonl"))
}

// Answers that are gone are called again: the flush says which, and commits nothing.
func TestFlushNamesLostAnswers(t *testing.T) {
	t.Parallel()
	f, dir := claimed(t)
	r := job.Range{First: 10, Last: 16}
	ref := outputtest.Write(t, f.Journals, r, 1, parttest.Success(10), parttest.Success(13), parttest.Success(14))
	for _, journals := range [][]job.JournalRef{
		{ref}, {{Name: "_longhaul/journal/none", Size: 9}, ref}, {{Name: ref.Name, Size: 1 << 20}},
	} {
		flushed, err := f.Flush(t.Context(), job.Batch{Range: r, Number: 1, Journals: journals})
		require.NoError(t, err)
		require.Equal(t, []job.Range{{First: 11, Last: 13}, {First: 15, Last: 16}}, flushed.Lost)
		require.NoFileExists(t, filepath.Join(dir, PartName(1)))
		require.NoFileExists(t, filepath.Join(dir, CommitName(1)))
	}
	require.FileExists(t, filepath.Join(dir, ref.Name), "what is left is not called again")
}

// A disk that cannot be read may be better in a moment. If it is not, its answers are lost.
func TestAJournalThatCannotBeRead(t *testing.T) {
	t.Parallel()
	f, _ := claimed(t)
	r := job.Range{Last: 2}
	ref := outputtest.Write(t, f.Journals, r, 1, parttest.Success(0), parttest.Success(1))
	f.store = unreadable{f.store, ref.Name}
	_, err := f.Flush(t.Context(), job.Batch{Range: r, Journals: []job.JournalRef{ref}})
	require.ErrorIs(t, err, errUnreadable)
	flushed, err := f.FlushReadable(t.Context(), job.Batch{Range: r, Journals: []job.JournalRef{ref}})
	require.NoError(t, err)
	require.Equal(t, []job.Range{r}, flushed.Lost)
}

// unreadable is a folder of which one object cannot be opened.
type unreadable struct {
	storage.Folder
	name string
}

func (u unreadable) Attempt(ctx context.Context, step string, work func(storage.Folder) error) error {
	return u.Folder.Attempt(ctx, step, func(f storage.Folder) error { return work(unreadable{f, u.name}) })
}

var errUnreadable = errors.New("input/output error")

func (u unreadable) Open(ctx context.Context, name string) (storage.Object, error) {
	if name == u.name {
		return nil, errUnreadable
	}
	return u.Folder.Open(ctx, name)
}

// A commit that contradicts itself or its batch is no reason to delete the answers.
func TestADamagedCommitIsMadeAnew(t *testing.T) {
	t.Parallel()
	for name, damage := range damagedCommits(t) {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			f, dir := claimed(t)
			r := job.Range{First: 2, Last: 4}
			batch := job.Batch{Range: r, Number: 1, Journals: []job.JournalRef{outputtest.Write(t, f.Journals, r, 1, parttest.Success(2), parttest.Failure(3))}}
			require.NoError(t, os.MkdirAll(filepath.Join(dir, commitDir), 0o755))
			require.NoError(t, os.WriteFile(filepath.Join(dir, CommitName(1)), []byte(damage), 0o644))
			_, err := f.Commit(t.Context(), 1)
			if name != "another range" {
				require.ErrorContains(t, err, "commits/000001.json: is damaged")
				require.Equal(t, job.KindOutput, job.KindOf(err))
			}
			flushed, err := f.Flush(t.Context(), batch)
			require.NoError(t, err)
			require.Equal(t, job.Totals{Succeeded: 1, Failed: 1, Attempts: 6}, flushed.Totals)
			again, err := f.Commit(t.Context(), 1)
			require.NoError(t, err)
			require.Equal(t, flushed.Part, again.Part)
			require.Equal(t, parttest.Lines(parttest.Success(2)), content(t, dir, PartName(1)))
		})
	}
}

// damagedCommits are commits of the batch 1 with the records 2 and 3 that are wrong in
// one place each.
func damagedCommits(t *testing.T) map[string]string {
	t.Helper()
	sum := strings.Repeat("0", 64)
	right := job.Commit{
		Batch: 1, Range: job.Range{First: 2, Last: 4}, Totals: job.Totals{Succeeded: 1, Failed: 1},
		Part: job.PartDigest{Name: PartName(1), SHA256: sum}, Errors: &job.PartDigest{Name: ErrorsName(1), SHA256: sum},
	}
	require.NoError(t, checkCommit(right, 1))
	damaged := map[string]string{"no JSON": "{", "empty": "{}", "no object": "[]", "nothing": ""}
	for name, change := range map[string]func(*job.Commit){
		"another batch":       func(c *job.Commit) { c.Batch = 0 },
		"another range":       func(c *job.Commit) { c.First, c.Last = 3, 5 },
		"before the first":    func(c *job.Commit) { c.First, c.Last = -1, 1 },
		"a negative success":  func(c *job.Commit) { c.Succeeded, c.Failed = -1, 3 },
		"a negative failure":  func(c *job.Commit) { c.Succeeded, c.Failed, c.Errors = 3, -1, nil },
		"a negative size":     func(c *job.Commit) { c.Part.Bytes = -1 },
		"no range":            func(c *job.Commit) { c.Last, c.Succeeded, c.Failed, c.Errors = 2, 0, 0, nil },
		"an empty range":      func(c *job.Commit) { c.Last, c.Succeeded, c.Failed = 2, 0, 0 },
		"too few records":     func(c *job.Commit) { c.Succeeded = 0 },
		"a negative count":    func(c *job.Commit) { c.Succeeded, c.Failed = 3, -1 },
		"no errors part":      func(c *job.Commit) { c.Errors = nil },
		"no failures":         func(c *job.Commit) { c.Succeeded, c.Failed = 2, 0 },
		"another part":        func(c *job.Commit) { c.Part.Name = PartName(2) },
		"a short digest":      func(c *job.Commit) { c.Part.SHA256 = sum[1:] },
		"another errors part": func(c *job.Commit) { c.Errors = &job.PartDigest{Name: PartName(1), SHA256: sum} },
	} {
		wrong := right
		change(&wrong)
		data, err := json.Marshal(wrong)
		require.NoError(t, err)
		damaged[name] = string(data)
	}
	return damaged
}

func TestFlushStopsWhenTheFolderIsTakenOver(t *testing.T) {
	t.Parallel()
	f, dir := claimed(t)
	r := job.Range{Last: 1}
	batch := job.Batch{Range: r, Journals: []job.JournalRef{outputtest.Write(t, f.Journals, r, 1, parttest.Success(0))}}
	outputtest.Claim(t, f.Claims)
	_, err := f.Flush(t.Context(), batch)
	require.Equal(t, job.KindTakenOver, job.KindOf(err))
	require.NoFileExists(t, filepath.Join(dir, "part-000000.jsonl"))
}

func TestFlushIsCanceled(t *testing.T) {
	t.Parallel()
	f, _ := claimed(t)
	r := job.Range{Last: 1}
	ctx, cancel := context.WithCancel(t.Context())
	cancel()
	_, err := f.Flush(ctx, job.Batch{Range: r, Journals: []job.JournalRef{outputtest.Write(t, f.Journals, r, 1, parttest.Success(0))}})
	require.ErrorIs(t, err, context.Canceled)
}
