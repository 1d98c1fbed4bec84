package output

import (
	"bytes"
	"crypto/sha256"
	"encoding/hex"
	"os"
	"path/filepath"
	"testing"

	"github.com/stretchr/testify/require"

	"longhaul/internal/output/outputtest"
	"longhaul/internal/part/parttest"
	"longhaul/job"
)

// finished is a complete output of 25 records in batches of 10.
func finished(t *testing.T) (f *Folder, dir string) {
	t.Helper()
	f, dir = claimed(t)
	for number := range int64(3) {
		r := job.Range{First: number * 10, Last: min(number*10+10, 25)}
		var results []job.Result
		for i := r.First; i < r.Last; i++ {
			results = append(results, parttest.Success(i))
		}
		_, err := f.Flush(t.Context(), job.Batch{Range: r, Number: number, Journals: []job.JournalRef{outputtest.Write(t, f.Journals, r, 1, results...)}})
		require.NoError(t, err)
	}
	_, err := f.Finish(t.Context(), job.Ref{JobID: "J", Epoch: 1}, 25, 10)
	require.NoError(t, err)
	return f, dir
}

func TestFinishRefusesGapsAndLostParts(t *testing.T) {
	t.Parallel()
	for name, c := range map[string]struct{ file, problem string }{
		"a gap":       {CommitName(1), "000001.json: is missing"},
		"a lost part": {"part-000002.jsonl", "part-000002.jsonl: is missing or was changed"},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			f, dir := finished(t)
			f = f.Under(outputtest.Claim(t, f.Claims))
			require.NoError(t, os.Remove(filepath.Join(dir, c.file)))
			_, err := f.Finish(t.Context(), job.Ref{JobID: "J", Epoch: 1}, 25, 10)
			require.ErrorContains(t, err, c.problem)
		})
	}
}

func TestFinishRefusesAChangedPart(t *testing.T) {
	t.Parallel()
	f, dir := finished(t)
	f = f.Under(outputtest.Claim(t, f.Claims))
	require.NoError(t, os.WriteFile(filepath.Join(dir, "part-000002.jsonl"), []byte("short\n"), 0o644))
	_, err := f.Finish(t.Context(), job.Ref{JobID: "J", Epoch: 1}, 25, 10)
	require.ErrorContains(t, err, "part-000002.jsonl: is missing or was changed")
}

func TestResumeMergesCommits(t *testing.T) {
	t.Parallel()
	f, dir := finished(t)
	ranges, totals, err := f.Resume(t.Context(), 25)
	require.NoError(t, err)
	require.Equal(t, []job.Range{{First: 0, Last: 25}}, ranges)
	require.EqualValues(t, 25, totals.Done())
	require.FileExists(t, filepath.Join(dir, SuccessName))
	require.NoError(t, os.Remove(filepath.Join(dir, CommitName(1))))
	f = f.Under(outputtest.Claim(t, f.Claims))
	ranges, _, err = f.Resume(t.Context(), 25)
	require.NoError(t, err)
	require.Equal(t, []job.Range{{First: 0, Last: 10}, {First: 20, Last: 25}}, ranges)
	require.NoFileExists(t, filepath.Join(dir, SuccessName), "it is not true any more")
}

func TestAFolderWithForeignPartsIsRefused(t *testing.T) {
	t.Parallel()
	dir := t.TempDir()
	require.NoError(t, os.WriteFile(filepath.Join(dir, "part-000000.jsonl"), []byte("mine"), 0o644))
	_, err := NewFolder(outputtest.Folder(t, dir)).Manifest(t.Context())
	require.ErrorContains(t, err, "Longhaul would overwrite what is here")
}

// _SUCCESS has a digest of the commits, which anybody can compute. One that is damaged is
// that of a job that has finished, and is written again.
func TestSuccess(t *testing.T) {
	t.Parallel()
	f, dir := finished(t)
	var commits []byte
	for batch := range int64(3) {
		content, err := os.ReadFile(filepath.Join(dir, CommitName(batch)))
		require.NoError(t, err)
		commits = append(commits, content...)
	}
	summary, finished, err := f.Succeeded(t.Context())
	require.NoError(t, err)
	require.True(t, finished)
	sum := sha256.Sum256(commits)
	require.Equal(t, hex.EncodeToString(sum[:]), summary.CommitsSHA256)

	name := filepath.Join(dir, SuccessName)
	content, err := os.ReadFile(name)
	require.NoError(t, err)
	require.NoError(t, os.WriteFile(name, bytes.Replace(content, []byte(`"succeeded": 25`), []byte(`"succeeded": 24`), 1), 0o644))
	summary, finished, err = f.Succeeded(t.Context())
	require.NoError(t, err)
	require.True(t, finished)
	require.Zero(t, summary)
	f = f.Under(outputtest.Claim(t, f.Claims)) // the job is started again
	_, err = f.Finish(t.Context(), job.Ref{JobID: "J", Epoch: 1}, 25, 10)
	require.NoError(t, err)
	again, err := os.ReadFile(name)
	require.NoError(t, err)
	require.Equal(t, string(content), string(again))
}
