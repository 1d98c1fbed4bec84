package verify_test

import (
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"

	"longhaul/internal/output"
	"longhaul/internal/part/parttest"
	"longhaul/internal/storage"
	"longhaul/job"
)

// Each damage is one line, which names the object and the records.
func TestWhatIsDamagedIsNamed(t *testing.T) {
	t.Parallel()
	const success, manifest = "_SUCCESS", "_longhaul/job.json"
	remove := func(names ...string) func(*testing.T, *site) {
		return func(t *testing.T, s *site) { require.NoError(t, s.Delete(t.Context(), names...)) }
	}
	add := func(name string) func(*testing.T, *site) {
		return func(t *testing.T, s *site) { s.write(t, name, nil) }
	}
	for name, c := range map[string]struct {
		damage func(*testing.T, *site)
		says   string
	}{
		"a part gone":     {remove("part-000001.jsonl"), "part-000001.jsonl is missing, with the answers of 9 of the records 10-19"},
		"an errors gone":  {remove("errors-000001.jsonl"), "errors-000001.jsonl is missing, with the failures of 1 of the records 10-19"},
		"a commit gone":   {remove(output.CommitName(1)), "_SUCCESS is there, but records 10-19 are in no commit"},
		"a batch gone":    {remove(output.CommitName(2), "part-000002.jsonl", "errors-000002.jsonl"), "_SUCCESS is there, but records 20-24 are in no commit"},
		"an index gone":   {remove("_longhaul/index"), "_longhaul/index is missing; no answer depends on it"},
		"a part too many": {add("part-000007.jsonl"), "part-000007.jsonl is in no commit"},
		"the next part":   {add("part-000003.jsonl"), "part-000003.jsonl is in no commit"},
		"another name":    {add("part-0.jsonl"), "part-0.jsonl is in no commit"},
		"a copy":          {add("part-000000 (1).jsonl"), "part-000000 (1).jsonl is in no commit"},
		"in a folder":     {add("part-x/part-000000.jsonl"), "part-x/part-000000.jsonl is in no commit"},
		"an errors part without a failure": {func(t *testing.T, s *site) {
			s.write(t, "errors-000000.jsonl", nil)
			s.forge(t, "part-000000.jsonl", func(l []string) []string {
				return append(l[:4:4], append([]string{parttest.Lines(parttest.Success(4))}, l[4:]...)...)
			})
			edit(t, s, output.CommitName(0), func(c *job.Commit) {
				sum := sha256.Sum256(nil)
				c.Errors.SHA256, c.Errors.Bytes, c.Totals = hex.EncodeToString(sum[:]), 0, job.Totals{Succeeded: 10, Attempts: 10}
			})
			s.sumCommits(t)
		}, "_longhaul/commits/000000.json (records 0-9) is damaged: it counts 0 failed records, and names 1 errors parts"},
		"an errors part that no commit names": {func(t *testing.T, s *site) {
			s.write(t, "errors-000000.jsonl", nil)
			s.forge(t, "part-000000.jsonl", func(l []string) []string {
				return append(l[:4:4], append([]string{parttest.Lines(parttest.Success(4))}, l[4:]...)...)
			})
			edit(t, s, output.CommitName(0), func(c *job.Commit) {
				c.Errors, c.Totals = nil, job.Totals{Succeeded: 10, Attempts: 10}
			})
			s.sumCommits(t)
		}, "errors-000000.jsonl is in no commit"},
		"a commit of no batch": {func(t *testing.T, s *site) { s.write(t, output.CommitName(3), s.content(t, output.CommitName(2))) },
			"_longhaul/commits/000003.json belongs to no batch"},
		"a commit of a batch far away": {add("_longhaul/commits/9223372036854775807.json"), "_longhaul/commits/9223372036854775807.json belongs to no batch"},
		"a commit of another name":     {add("_longhaul/commits/1.json"), "_longhaul/commits/1.json belongs to no batch"},
		"a commit of another batch": {func(t *testing.T, s *site) { s.write(t, output.CommitName(1), s.content(t, output.CommitName(0))) },
			"_longhaul/commits/000001.json (records 10-19) is damaged: it is that of batch 0"},
		"an empty commit": {func(t *testing.T, s *site) { s.write(t, output.CommitName(1), []byte("{}")) },
			"_longhaul/commits/000001.json (records 10-19) is damaged: it is that of batch 0"},
		"a commit that overlaps": {func(t *testing.T, s *site) {
			edit(t, s, output.CommitName(1), func(c *job.Commit) { c.First = 5 })
			s.sumCommits(t)
		}, "_longhaul/commits/000001.json says that it has records 5-19; the batch has records 10-19"},
		"a commit with another part": {func(t *testing.T, s *site) {
			edit(t, s, output.CommitName(1), func(c *job.Commit) { c.Part.Name = "part-000000.jsonl" })
			s.sumCommits(t)
		}, "_longhaul/commits/000001.json (records 10-19) is damaged: it does not name the parts of its batch"},
		"another commit": {func(t *testing.T, s *site) {
			edit(t, s, output.CommitName(1), func(c *job.Commit) { c.Latency = "" })
		}, "_SUCCESS has the digest "},
		"false totals": {func(t *testing.T, s *site) { edit(t, s, success, func(s *job.Summary) { s.Succeeded++ }) },
			"_SUCCESS says 23 succeeded, 3 failed, 37 calls; the parts have 22 succeeded, 3 failed, 37 calls"},
		"another number": {func(t *testing.T, s *site) { edit(t, s, success, func(s *job.Summary) { s.Records++ }) },
			"_SUCCESS says 26 records; the job has 25"},
		"another job's end": {func(t *testing.T, s *site) { edit(t, s, success, func(s *job.Summary) { s.JobID = "K" }) },
			"_SUCCESS is damaged: it is of job K, job.json of job J"},
		"an end without a digest": {func(t *testing.T, s *site) {
			var summary job.Summary
			require.NoError(t, json.Unmarshal(s.content(t, success), &summary))
			require.NoError(t, s.Put(t.Context(), success, storage.JSON(summary)))
		}, "_SUCCESS is damaged: job.json and it were not written by the same version of Longhaul"},
		"a zeroed digest of the input": {func(t *testing.T, s *site) {
			edit(t, s, manifest, func(m *job.Manifest) { m.Input.SHA256 = strings.Repeat("0", 64) })
		}, "in.jsonl is not the input that the job has read: its sha256 is "},
		"no digest of the input": {func(t *testing.T, s *site) { edit(t, s, manifest, func(m *job.Manifest) { m.Input.SHA256 = "" }) },
			"in.jsonl is not the input that the job has read: its sha256 is "},
		"no digest of the index": {func(t *testing.T, s *site) { edit(t, s, manifest, func(m *job.Manifest) { m.Input.IndexSHA256 = "" }) },
			"_longhaul/index: its sha256 is "},
		"a limit that the spec does not have": {func(t *testing.T, s *site) { edit(t, s, manifest, func(m *job.Manifest) { m.Limit = 10 }) },
			"_longhaul/job.json is damaged: it has a limit of 10 records, its spec one of 0; without it nothing can be proven"},
		"other batches": {func(t *testing.T, s *site) { edit(t, s, manifest, func(m *job.Manifest) { m.Spec.ChunkSize = -1 }) },
			"_longhaul/job.json is damaged: "},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			s := job25(t)
			c.damage(t, s)
			require.Contains(t, s.refuted(t), c.says)
		})
	}
}
