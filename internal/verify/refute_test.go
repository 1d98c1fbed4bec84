package verify_test

import (
	"bytes"
	"context"
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
	"fmt"
	"slices"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"

	"longhaul/internal/output"
	"longhaul/internal/part/parttest"
	"longhaul/internal/storage"
	"longhaul/internal/verify"
	"longhaul/job"
)

// job25 has 25 records in batches of 10; records 4, 14 and 24 have failed.
func job25(t testing.TB) *site {
	t.Helper()
	s := finish(t, job.InputSpec{URI: "in.jsonl"}, lines(25), 10)
	require.True(t, s.verified(t).Proven(), "%+v", s.verified(t))
	return s
}

func lines(n int) string {
	var b strings.Builder
	for i := range n {
		fmt.Fprintf(&b, "{\"id\":%d}\n", i)
	}
	return b.String()
}

// edit changes an object of JSON, and gives it the right digest again.
func edit[T any](t testing.TB, s *site, name string, change func(*T)) {
	t.Helper()
	var value T
	require.NoError(t, json.Unmarshal(s.content(t, name), &value))
	change(&value)
	require.NoError(t, s.Put(t.Context(), name, storage.JSONWithDigest(value)))
}

// forge changes the lines of a part, and makes its commit and _SUCCESS agree with them, so
// that only the content can tell.
func (s *site) forge(t testing.TB, name string, change func([]string) []string) {
	t.Helper()
	lines := strings.SplitAfter(string(s.content(t, name)), "\n")
	s.write(t, name, []byte(strings.Join(change(lines[:len(lines)-1]), "")))
	var number int64
	_, digits, _ := strings.Cut(name, "-")
	_, err := fmt.Sscanf(digits, "%d.jsonl", &number)
	require.NoError(t, err)
	edit(t, s, output.CommitName(number), func(c *job.Commit) {
		digest := &c.Part
		if strings.HasPrefix(name, "errors") {
			digest = c.Errors
		}
		sum := sha256.Sum256(s.content(t, name))
		digest.SHA256, digest.Bytes = hex.EncodeToString(sum[:]), int64(len(s.content(t, name)))
	})
	s.sumCommits(t)
}

// sumCommits writes _SUCCESS for the commits as they are.
func (s *site) sumCommits(t testing.TB) {
	t.Helper()
	entries, err := s.List(t.Context(), "_longhaul/commits/")
	require.NoError(t, err)
	all := sha256.New()
	var totals job.Totals
	for _, entry := range entries {
		all.Write(s.content(t, entry.Name))
		var commit job.Commit
		require.NoError(t, json.Unmarshal(s.content(t, entry.Name), &commit))
		totals = totals.Add(commit.Totals)
	}
	edit(t, s, "_SUCCESS", func(summary *job.Summary) {
		summary.Totals, summary.CommitsSHA256 = totals, hex.EncodeToString(all.Sum(nil))
	})
}

// What was forged with all digests right is refuted by what the input has.
func TestForgedPartsAreRefuted(t *testing.T) {
	t.Parallel()
	for name, c := range map[string]struct {
		part   string
		change func([]string) []string
		says   string
	}{
		"a line twice": {"part-000000.jsonl", func(l []string) []string { return append(l[:2:2], l[1:]...) },
			"part-000000.jsonl (records 0-9): record 1 is there twice, or out of order"},
		"the first line twice": {"part-000000.jsonl", func(l []string) []string { return append(l[:1:1], l...) },
			"part-000000.jsonl (records 0-9): record 0 is there twice, or out of order"},
		"the last line twice": {"part-000000.jsonl", func(l []string) []string { return append(l, l[len(l)-1]) },
			"part-000000.jsonl (records 0-9): record 9 is there twice, or in the wrong part"},
		"a line lost": {"part-000000.jsonl", func(l []string) []string { return slices.Delete(l, 3, 4) },
			"part-000000.jsonl (records 0-9): record 3 is missing: the next line is that of record 5"},
		"the last line lost": {"part-000002.jsonl", func(l []string) []string { return l[:3] },
			"part-000002.jsonl (records 20-24): record 23 is missing: the part ends there"},
		"two lines swapped": {"part-000001.jsonl", func(l []string) []string { l[1], l[2] = l[2], l[1]; return l },
			"part-000001.jsonl (records 10-19): record 11 is missing: the next line is that of record 12"},
		"the answers of two records swapped": {"part-000001.jsonl", func(l []string) []string {
			l[1], l[2] = strings.Replace(l[1], "11", "12", 1), strings.Replace(l[2], "12", "11", 1)
			l[1], l[2] = l[2], l[1]
			return l
		}, "part-000001.jsonl (records 10-19): the input of record 11 is not what the input has there"},
		"a record copied over another": {"part-000001.jsonl", func(l []string) []string { l[2] = l[1]; return l },
			"part-000001.jsonl (records 10-19): record 11 is there twice, or out of order"},
		"a record of another batch": {"part-000000.jsonl", func(l []string) []string { return append(l, parttest.Lines(parttest.Success(10))) },
			"part-000000.jsonl (records 0-9): record 10 is there twice, or in the wrong part"},
		"a record that the input does not have": {"part-000002.jsonl", func(l []string) []string { return append(l, parttest.Lines(parttest.Success(25))) },
			"part-000002.jsonl (records 20-24): record 25 is there twice, or in the wrong part"},
		"a failure in the part": {"part-000000.jsonl", func(l []string) []string {
			l[2] = parttest.Lines(parttest.Failure(2))
			return l
		}, "part-000000.jsonl (records 0-9): record 2 has no output"},
		"an answer among the errors": {"errors-000000.jsonl", func([]string) []string { return []string{parttest.Lines(parttest.Success(4))} },
			"errors-000000.jsonl (records 0-9): record 4 has no error"},
		"answered and failed": {"errors-000000.jsonl", func(l []string) []string { return append([]string{parttest.Lines(parttest.Failure(3))}, l...) },
			"errors-000000.jsonl (records 0-9): record 3 is there twice, or out of order"},
		"another input": {"part-000000.jsonl", func(l []string) []string { l[2] = strings.Replace(l[2], `{"id":2}`, `{"id":3}`, 1); return l },
			"part-000000.jsonl (records 0-9): the input of record 2 is not what the input has there"},
		"an input spelled in another way": {"part-000000.jsonl", func(l []string) []string { l[2] = strings.Replace(l[2], `{"id":2}`, `{"id":2.0}`, 1); return l },
			"part-000000.jsonl (records 0-9): the input of record 2 is not what the input has there"},
		"no input": {"part-000000.jsonl", func(l []string) []string { l[2] = strings.Replace(l[2], `"input":{"id":2},`, ``, 1); return l },
			"part-000000.jsonl (records 0-9): the input of record 2 is not what the input has there"},
		"no index": {"part-000000.jsonl", func(l []string) []string { l[0] = strings.Replace(l[0], `"index":0,`, ``, 1); return l },
			"part-000000.jsonl (records 0-9): the line after the beginning is broken: it has no index"},
		"no line feed": {"part-000002.jsonl", func(l []string) []string {
			l[len(l)-1] = strings.TrimSuffix(l[len(l)-1], "\n")
			return l
		}, "part-000002.jsonl (records 20-24): the line after that of record 22 is broken: its last line has no line feed"},
		"a broken line": {"part-000000.jsonl", func(l []string) []string { l[2] = "{\n"; return l },
			"part-000000.jsonl (records 0-9): the line after that of record 1 is broken: unexpected end of JSON input"},
		"a blank line": {"part-000000.jsonl", func(l []string) []string { l[2] = "\n" + l[2]; return l },
			"part-000000.jsonl (records 0-9): the line after that of record 1 is broken: unexpected end of JSON input"},
		"more calls": {"part-000000.jsonl", func(l []string) []string { l[2] = strings.Replace(l[2], `"attempts":1`, `"attempts":2`, 1); return l },
			"_longhaul/commits/000000.json (records 0-9) counts 9 succeeded, 1 failed, 14 calls; its parts have 9 succeeded, 1 failed, 15 calls"},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			s := job25(t)
			s.forge(t, c.part, c.change)
			require.Equal(t, c.says, s.refuted(t))
		})
	}
}

// The input says how many records there are, not job.json: a job of 6,000 records of which
// 1,000 were dropped everywhere but in the input.
func TestDroppedRecordsAreCounted(t *testing.T) {
	t.Parallel()
	s := finish(t, job.InputSpec{URI: "in.jsonl"}, lines(6000), 1000)
	require.NoError(t, s.Delete(t.Context(), output.CommitName(5), "part-000005.jsonl", "errors-000005.jsonl"))
	edit(t, s, "_longhaul/job.json", func(m *job.Manifest) { m.Input.Records = 5000 })
	edit(t, s, "_SUCCESS", func(s *job.Summary) { s.Records = 5000 })
	s.sumCommits(t)
	v := s.verified(t)
	require.False(t, v.Proven())
	require.EqualValues(t, 6000, v.Records)
	require.Equal(t, []job.Range{{First: 5000, Last: 6000}}, v.Missing)
	require.Len(t, v.Problems, 2)
	require.Equal(t, "in.jsonl has 6000 records, job.json says 5000", v.Problems[0].Text)
	require.Equal(t, "_SUCCESS is there, but records 5000-5999 are in no commit", v.Problems[1].Text)
}

// Same size, same time.
func TestAnEditedInputIsRefuted(t *testing.T) {
	t.Parallel()
	s := job25(t)
	edited := strings.Replace(lines(25), `{"id":17}`, `{"id":71}`, 1)
	said := s.with("", []byte(edited)).refuted(t)
	require.Contains(t, said, "in.jsonl is not the input that the job has read: its sha256 is ")
	require.Contains(t, said, "; bring the old file back, or start a job with another output.uri")
	for broken, says := range map[string]string{
		strings.Replace(lines(25), `7}`, `7`, 1):     "line 8: is not JSON",
		strings.Replace(lines(25), `7}`, "\xff}", 1): "line 8: is not UTF-8",
		lines(26): "(26 records, ",
		lines(24): "(24 records, ",
		lines(11): "(11 records, ",
		"":        "(0 records, 0 bytes)",
	} {
		require.Contains(t, s.with("", []byte(broken)).refuted(t), says)
	}
}

// A limited job is proven as what it is.
func TestALimitedJob(t *testing.T) {
	t.Parallel()
	s := finish(t, job.InputSpec{URI: "in.jsonl", Limit: 15}, lines(25), 10)
	v := s.verified(t)
	require.True(t, v.Proven(), "%+v", v)
	require.EqualValues(t, 15, v.Records)
	require.Equal(t, []string{"the job has the first 15 of the input's 25 records (input.limit)"}, v.Notes)
	require.Contains(t, s.with("", []byte(strings.Replace(lines(25), `{"id":23}`, `{`, 1))).refuted(t), "line 24: is not JSON")
	s.write(t, "part-000002.jsonl", nil)
	require.Equal(t, "part-000002.jsonl is in no commit", s.refuted(t))

	s = finish(t, job.InputSpec{URI: "in.jsonl", Limit: 20}, lines(25), 10)
	require.True(t, s.verified(t).Proven())
	s.write(t, output.CommitName(2), s.content(t, output.CommitName(1)))
	require.Equal(t, "_longhaul/commits/000002.json belongs to no batch", s.refuted(t))
}

// The last batch is full.
func TestACommitAfterTheLastBatch(t *testing.T) {
	t.Parallel()
	s := finish(t, job.InputSpec{URI: "in.jsonl"}, lines(20), 10)
	require.True(t, s.verified(t).Proven())
	s.write(t, output.CommitName(2), s.content(t, output.CommitName(1)))
	require.Equal(t, "_longhaul/commits/000002.json belongs to no batch", s.refuted(t))
}

// Without the records beside the answers, their indexes are compared.
func TestAnOutputWithoutItsInput(t *testing.T) {
	t.Parallel()
	s := job25(t)
	edit(t, s, "_longhaul/job.json", func(m *job.Manifest) { m.Spec.Output.IncludeInput = false })
	for i := range int64(3) {
		for _, name := range []string{output.PartName(i), output.ErrorsName(i)} {
			s.forge(t, name, func(l []string) []string {
				for i := range l {
					before, after, _ := strings.Cut(l[i], `"input":`)
					_, after, _ = strings.Cut(after, `,`)
					l[i] = before + after
				}
				return l
			})
		}
	}
	require.True(t, s.verified(t).Proven(), "%+v", s.verified(t))
	s.forge(t, "part-000000.jsonl", func(l []string) []string { l[2] = strings.Replace(l[2], `,`, `,"input":null,`, 1); return l })
	require.Equal(t, "part-000000.jsonl (records 0-9): the input of record 2 is not what the input has there", s.refuted(t))
}

// What has not finished is no damage.
func TestVerifySaysWhatIsMissing(t *testing.T) {
	t.Parallel()
	s := job25(t)
	require.NoError(t, s.Delete(t.Context(), output.CommitName(1), output.CommitName(2), "_SUCCESS"))
	v := s.verified(t)
	require.False(t, v.Proven())
	require.Empty(t, v.Problems)
	require.Equal(t, []job.Range{{First: 10, Last: 25}}, v.Missing)
	require.False(t, v.Finished)
	require.EqualValues(t, 10, v.Done())
	require.False(t, (&verify.Result{Finished: true, Missing: v.Missing}).Proven())

	const far = "_longhaul/commits/9223372036854775807.json"
	require.NoError(t, s.Delete(t.Context(), output.CommitName(0)))
	s.write(t, far, nil)
	v = s.verified(t)
	require.Equal(t, far+" belongs to no batch", s.refuted(t))
	require.Equal(t, []job.Range{{First: 0, Last: 25}}, v.Missing)

	// Without _SUCCESS, nothing else says that job.json had a digest.
	manifest := s.content(t, "_longhaul/job.json")
	at := bytes.LastIndex(manifest, []byte("sha256"))
	manifest[at] ^= 1
	require.Contains(t, s.with("_longhaul/job.json", manifest).refuted(t), "_longhaul/job.json is damaged: it has a digest of the index, but none of its own")
}

// What is left of a batch is counted.
func TestALostErrorsPart(t *testing.T) {
	t.Parallel()
	s := job25(t)
	require.NoError(t, s.Delete(t.Context(), "errors-000000.jsonl"))
	require.Equal(t, job.Totals{Succeeded: 22, Failed: 2, Attempts: 32}, s.verified(t).Totals)
}

// One broken store makes thousands.
func TestProblemsAreBounded(t *testing.T) {
	t.Parallel()
	s := finish(t, job.InputSpec{URI: "in.jsonl"}, lines(60), 2)
	for i := range int64(30) {
		require.NoError(t, s.Delete(t.Context(), output.PartName(i)))
	}
	v := s.verified(t)
	require.Len(t, v.Problems, 20)
	require.EqualValues(t, 10, v.More)
	require.Equal(t, []string{output.CommitName(0)}, v.Problems[0].Remove)
	require.True(t, v.Problems[0].Again)
}

// What cannot be read proves nothing, and refutes nothing.
func TestAnErrorOfTheStorageIsNoProblem(t *testing.T) {
	t.Parallel()
	s := job25(t)
	for _, name := range append(s.names(t), "") {
		if provenWithout(t, name) {
			continue
		}
		_, err := verifier.Output(t.Context(), failing{s.inputs, name}, failingFolder{s.Folder, name})
		require.ErrorIs(t, err, errDisk, name)
	}
	ctx, cancel := context.WithCancel(t.Context())
	cancel()
	_, err := verifier.Output(ctx, s.inputs, s)
	require.ErrorIs(t, err, context.Canceled)
}

func TestNoOutput(t *testing.T) {
	t.Parallel()
	s := job25(t)
	_, err := verifier.Output(t.Context(), s.inputs, s.with("_longhaul/job.json", nil))
	require.EqualError(t, err, "out: is no output folder: it has no _longhaul/job.json; name the folder that the job writes to (output.uri of its spec)")
	edit(t, s, "_longhaul/job.json", func(m *job.Manifest) { m.Version = 2 })
	_, err = verifier.Output(t.Context(), s.inputs, s)
	require.ErrorContains(t, err, "has layout version 2, 1 is known here")
	edit(t, s, "_longhaul/job.json", func(m *job.Manifest) { m.Version, m.Input.FormatVersion = 1, 7 })
	_, err = verifier.Output(t.Context(), s.inputs, s)
	require.ErrorContains(t, err, `version 7 of the input format "jsonl" is not known here; use the Longhaul that wrote it`)
}

// An output of version 0.1 has no digests of the index and the commits. That is said, and
// what it has is proven.
func TestAnOutputOfTheFirstVersion(t *testing.T) {
	t.Parallel()
	s := job25(t)
	old := func(name string, value any) {
		require.NoError(t, json.Unmarshal(s.content(t, name), value))
		switch v := value.(type) {
		case *job.Manifest:
			v.Input.IndexSHA256 = ""
		case *job.Summary:
			v.CommitsSHA256 = ""
		}
		require.NoError(t, s.Put(t.Context(), name, storage.JSON(value)))
	}
	for i := range int64(3) {
		old(output.CommitName(i), &job.Commit{})
	}
	old("_SUCCESS", &job.Summary{})
	old("_longhaul/job.json", &job.Manifest{})
	v := s.verified(t)
	require.True(t, v.Proven(), "%+v", v)
	require.Len(t, v.Notes, 1)
	require.Contains(t, v.Notes[0], "version 0.1 of Longhaul wrote this output, without digests of the index and of the commits: they are not proven")
	part := s.content(t, "part-000001.jsonl")
	require.Contains(t, s.with("part-000001.jsonl", bytes.Replace(part, []byte("1"), []byte("2"), 1)).refuted(t), "its sha256 is ")
	require.Contains(t, s.with("", []byte(lines(26))).refuted(t), "is not the input that the job has read")
}
