package verify

import (
	"encoding/json"
	"fmt"
	"iter"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"

	"longhaul/internal/input"
	"longhaul/internal/output"
	"longhaul/internal/output/outputtest"
	"longhaul/internal/part/parttest"
	"longhaul/job"
)

const verifyRecords = 25

// finished is a complete output of 25 records in batches of 10; record 12 has
// failed.
func finished(t *testing.T) (f *output.Folder, dir string, manifest job.Manifest) {
	t.Helper()
	dir = t.TempDir()
	f = output.NewFolder(outputtest.Folder(t, dir))
	f = f.Under(outputtest.Claim(t, f.Claims))
	spec := job.DefaultSpec()
	spec.ChunkSize, spec.BatchSize = 5, 2
	count := int64(verifyRecords)
	spec.Input.Count = &count
	manifest = job.Manifest{Version: job.LayoutVersion, JobID: "J", Spec: spec, Input: job.Fingerprint{Records: verifyRecords}}
	require.NoError(t, f.PutManifest(t.Context(), manifest))
	for number := int64(0); number*10 < verifyRecords; number++ {
		r := job.Range{First: number * 10, Last: min(number*10+10, verifyRecords)}
		var results []job.Result
		for i := r.First; i < r.Last; i++ {
			if i == 12 {
				results = append(results, parttest.Failure(i))
			} else {
				results = append(results, parttest.Success(i))
			}
		}
		_, err := f.Flush(t.Context(), job.Batch{Range: r, Number: number, Journals: []job.JournalRef{outputtest.Write(t, f.Journals, r, 1, results...)}})
		require.NoError(t, err)
	}
	summary, err := f.Finish(t.Context(), job.Ref{JobID: "J", Epoch: 1}, verifyRecords, 10)
	require.NoError(t, err)
	require.Equal(t, job.Totals{Succeeded: 24, Failed: 1, Attempts: 29}, summary.Totals)
	return f, dir, manifest
}

// numbers is an input of {"id":0}, {"id":1} and so on.
type numbers struct{ input.Count }

func (numbers) Records(_ *input.Index, r job.Range) iter.Seq2[job.Record, error] {
	return func(yield func(job.Record, error) bool) {
		for i := r.First; i < r.Last; i++ {
			if !yield(job.Record{Index: i, Value: json.RawMessage(fmt.Sprintf(`{"id":%d}`, i))}, nil) {
				return
			}
		}
	}
}

func verified(t *testing.T, f *output.Folder, manifest job.Manifest) *Result {
	t.Helper()
	v, err := Output(t.Context(), f, manifest, numbers{})
	require.NoError(t, err)
	return v
}

func TestVerifyProves(t *testing.T) {
	t.Parallel()
	f, _, manifest := finished(t)
	v := verified(t, f, manifest)
	require.True(t, v.Proven(), "%+v", v)
	require.Equal(t, job.Totals{Succeeded: 24, Failed: 1, Attempts: 29}, v.Totals)
}

// replaceLines changes a part, and, if asked, its digest in the commit, so that
// only the content can tell.
func replaceLines(t *testing.T, dir string, batch int64, change func([]string) []string) {
	t.Helper()
	name := output.PartName(batch)
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
			replaceLines(t, dir, 2, func(l []string) []string { return append(l[:5:5], parttest.Lines(parttest.Success(25))) })
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
			text := strings.Replace(content(t, dir, output.SuccessName), `"succeeded": 24`, `"succeeded": 25`, 1)
			require.NoError(t, os.WriteFile(filepath.Join(dir, output.SuccessName), []byte(text), 0o644))
		}, "_SUCCESS says"},
		"a false commit": {func(t *testing.T, dir string) {
			text := strings.Replace(content(t, dir, output.CommitName(0)), `"last": 10`, `"last": 9`, 1)
			require.NoError(t, os.WriteFile(filepath.Join(dir, output.CommitName(0)), []byte(text), 0o644))
		}, "covers records 0-8, not records 0-9"},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			f, dir, manifest := finished(t)
			c.tamper(t, dir)
			v := verified(t, f, manifest)
			require.False(t, v.Proven())
			require.Contains(t, strings.Join(v.Problems, "\n"), c.problem)
		})
	}
}

func TestVerifySaysWhatIsMissing(t *testing.T) {
	t.Parallel()
	f, dir, manifest := finished(t)
	for _, name := range []string{output.CommitName(1), output.CommitName(2), output.SuccessName} {
		require.NoError(t, os.Remove(filepath.Join(dir, name)))
	}
	v := verified(t, f, manifest)
	require.False(t, v.Proven())
	require.Empty(t, v.Problems)
	require.Equal(t, []job.Range{{First: 10, Last: 25}}, v.Missing)
	require.False(t, v.Finished)
}

func content(t *testing.T, dir, name string) string {
	t.Helper()
	data, err := os.ReadFile(filepath.Join(dir, name))
	require.NoError(t, err)
	return string(data)
}
