package output

import (
	"context"
	"encoding/json"
	"fmt"
	"iter"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"

	"longhaul/job"
)

const verifyRecords = 25

// finished is a complete output of 25 records in batches of 10; record 12 has
// failed.
func finished(t *testing.T) (f *Folder, dir string, manifest job.Manifest) {
	t.Helper()
	f, dir = claimed(t)
	spec := job.DefaultSpec()
	spec.ChunkSize, spec.BatchSize = 5, 2
	manifest = job.Manifest{Version: job.LayoutVersion, JobID: "J", Spec: spec, Input: job.Fingerprint{Records: verifyRecords}}
	require.NoError(t, f.PutManifest(1, manifest))
	for number := int64(0); number*10 < verifyRecords; number++ {
		r := job.Range{First: number * 10, Last: min(number*10+10, verifyRecords)}
		var results []job.Result
		for i := r.First; i < r.Last; i++ {
			if i == 12 {
				results = append(results, failure(i))
			} else {
				results = append(results, success(i))
			}
		}
		_, err := f.Flush(t.Context(), 1, job.Batch{Range: r, Number: number, Journals: []job.JournalRef{write(t, f, r, 1, results...)}})
		require.NoError(t, err)
	}
	summary, err := f.Finish(t.Context(), job.Ref{JobID: "J", Epoch: 1}, verifyRecords, 10)
	require.NoError(t, err)
	require.Equal(t, job.Totals{Succeeded: 24, Failed: 1, Attempts: 29}, summary.Totals)
	return f, dir, manifest
}

func input(r job.Range) iter.Seq2[job.Record, error] {
	return func(yield func(job.Record, error) bool) {
		for i := r.First; i < r.Last; i++ {
			if !yield(job.Record{Index: i, Value: json.RawMessage(fmt.Sprintf(`{"id":%d}`, i))}, nil) {
				return
			}
		}
	}
}

func verify(t *testing.T, f *Folder, manifest job.Manifest) *Verification {
	t.Helper()
	v, err := f.Verify(context.Background(), manifest, input, func(int64) {})
	require.NoError(t, err)
	return v
}

func TestVerifyProves(t *testing.T) {
	t.Parallel()
	f, _, manifest := finished(t)
	v := verify(t, f, manifest)
	require.True(t, v.Proven(), "%+v", v)
	require.Equal(t, job.Totals{Succeeded: 24, Failed: 1, Attempts: 29}, v.Totals)
}

// replaceLines changes a part, and, if asked, its digest in the commit, so that
// only the content can tell.
func replaceLines(t *testing.T, dir string, batch int64, change func([]string) []string) {
	t.Helper()
	name := partName(batch)
	changed := strings.Join(change(strings.SplitAfter(content(t, dir, name), "\n")), "")
	require.NoError(t, os.WriteFile(filepath.Join(dir, name), []byte(changed), 0o644))
}

func TestVerifyRefutes(t *testing.T) {
	t.Parallel()
	for name, c := range map[string]struct {
		tamper  func(t *testing.T, dir string)
		problem string
	}{
		"a line twice": {func(t *testing.T, dir string) {
			replaceLines(t, dir, 0, func(l []string) []string { return append([]string{l[0]}, l...) })
		}, "record 1 is not where it belongs"},
		"a line lost": {func(t *testing.T, dir string) {
			replaceLines(t, dir, 0, func(l []string) []string { return append(l[:3:3], l[4:]...) })
		}, "record 3 is not where it belongs"},
		"the last line lost": {func(t *testing.T, dir string) {
			replaceLines(t, dir, 2, func(l []string) []string { return l[:4] })
		}, "record 24 is not where it belongs"},
		"a line too many": {func(t *testing.T, dir string) {
			replaceLines(t, dir, 2, func(l []string) []string { return append(l[:5:5], lines(success(25))) })
		}, "record 25 is there twice or out of order"},
		"two lines swapped": {func(t *testing.T, dir string) {
			replaceLines(t, dir, 1, func(l []string) []string { l[0], l[1] = l[1], l[0]; return l })
		}, "record 10 is not where it belongs"},
		"another input": {func(t *testing.T, dir string) {
			replaceLines(t, dir, 0, func(l []string) []string {
				l[2] = strings.Replace(l[2], `{"id":2}`, `{"id":3}`, 1)
				return l
			})
		}, "record 2: its input is not the record"},
		"another answer": {func(t *testing.T, dir string) {
			replaceLines(t, dir, 0, func(l []string) []string {
				l[2] = strings.Replace(l[2], "answer 2", "answer 3", 1)
				return l
			})
		}, "part-000000.jsonl: its sha256 is"},
		"a broken line": {func(t *testing.T, dir string) {
			replaceLines(t, dir, 0, func(l []string) []string { l[2] = "{\n"; return l })
		}, "a line is broken"},
		"a part gone": {func(t *testing.T, dir string) { require.NoError(t, os.Remove(filepath.Join(dir, "part-000001.jsonl"))) },
			"part-000001.jsonl is missing"},
		"errors gone": {func(t *testing.T, dir string) {
			require.NoError(t, os.Remove(filepath.Join(dir, "errors-000001.jsonl")))
		},
			"errors-000001.jsonl is missing"},
		"a part too many": {func(t *testing.T, dir string) {
			require.NoError(t, os.WriteFile(filepath.Join(dir, "part-000007.jsonl"), nil, 0o644))
		}, "part-000007.jsonl belongs to no batch"},
		"a part under another name": {func(t *testing.T, dir string) {
			require.NoError(t, os.WriteFile(filepath.Join(dir, "part-0.jsonl"), nil, 0o644))
		}, "part-0.jsonl belongs to no batch"},
		"errors too many": {func(t *testing.T, dir string) {
			require.NoError(t, os.WriteFile(filepath.Join(dir, "errors-000000.jsonl"), nil, 0o644))
		}, "errors-000000.jsonl is not in its commit"},
		"false totals": {func(t *testing.T, dir string) {
			text := strings.Replace(content(t, dir, successName), `"succeeded": 24`, `"succeeded": 25`, 1)
			require.NoError(t, os.WriteFile(filepath.Join(dir, successName), []byte(text), 0o644))
		}, "_SUCCESS says"},
		"a false commit": {func(t *testing.T, dir string) {
			text := strings.Replace(content(t, dir, commitName(0)), `"last": 10`, `"last": 9`, 1)
			require.NoError(t, os.WriteFile(filepath.Join(dir, commitName(0)), []byte(text), 0o644))
		}, "covers records 0-8, not records 0-9"},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			f, dir, manifest := finished(t)
			c.tamper(t, dir)
			v := verify(t, f, manifest)
			require.False(t, v.Proven())
			require.Contains(t, strings.Join(v.Problems, "\n"), c.problem)
		})
	}
}

func TestVerifySaysWhatIsMissing(t *testing.T) {
	t.Parallel()
	f, dir, manifest := finished(t)
	for _, name := range []string{commitName(1), commitName(2), successName} {
		require.NoError(t, os.Remove(filepath.Join(dir, name)))
	}
	v := verify(t, f, manifest)
	require.False(t, v.Proven())
	require.Empty(t, v.Problems)
	require.Equal(t, []job.Range{{First: 10, Last: 25}}, v.Missing)
	require.False(t, v.Finished)
}

func TestFinishRefusesGapsAndLostParts(t *testing.T) {
	t.Parallel()
	for name, c := range map[string]struct{ file, problem string }{
		"a gap":       {commitName(1), "000001.json: is missing"},
		"a lost part": {"part-000002.jsonl", "part-000002.jsonl: is missing or was changed"},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			f, dir, _ := finished(t)
			require.NoError(t, os.Remove(filepath.Join(dir, c.file)))
			_, err := f.Finish(t.Context(), job.Ref{JobID: "J", Epoch: 1}, verifyRecords, 10)
			require.ErrorContains(t, err, c.problem)
		})
	}
}

func TestFinishRefusesAChangedPart(t *testing.T) {
	t.Parallel()
	f, dir, _ := finished(t)
	require.NoError(t, os.WriteFile(filepath.Join(dir, "part-000002.jsonl"), []byte("short\n"), 0o644))
	_, err := f.Finish(t.Context(), job.Ref{JobID: "J", Epoch: 1}, verifyRecords, 10)
	require.ErrorContains(t, err, "part-000002.jsonl: is missing or was changed")
}

func TestResumeMergesCommits(t *testing.T) {
	t.Parallel()
	f, dir, _ := finished(t)
	ranges, totals, err := f.Resume(25)
	require.NoError(t, err)
	require.Equal(t, []job.Range{{First: 0, Last: 25}}, ranges)
	require.EqualValues(t, 25, totals.Done())
	require.FileExists(t, filepath.Join(dir, successName))
	require.NoError(t, os.Remove(filepath.Join(dir, commitName(1))))
	ranges, _, err = f.Resume(25)
	require.NoError(t, err)
	require.Equal(t, []job.Range{{First: 0, Last: 10}, {First: 20, Last: 25}}, ranges)
	require.NoFileExists(t, filepath.Join(dir, successName), "it is not true any more")
}

func TestAFolderWithForeignPartsIsRefused(t *testing.T) {
	t.Parallel()
	dir := t.TempDir()
	require.NoError(t, os.WriteFile(filepath.Join(dir, "part-000000.jsonl"), []byte("mine"), 0o644))
	_, err := open(t, dir).Manifest()
	require.ErrorContains(t, err, "Longhaul would overwrite what is here")
}
