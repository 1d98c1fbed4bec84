package activities_test

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"sync/atomic"
	"testing"
	"time"

	"github.com/stretchr/testify/require"
	"go.temporal.io/sdk/testsuite"

	"longhaul/activities"
	"longhaul/internal/output"
	"longhaul/internal/session"
	"longhaul/internal/storage"
	"longhaul/internal/verify"
	"longhaul/job"
)

// countingStore counts the bytes that are read of inputs.
type countingStore struct {
	storage.Store
	read atomic.Int64
}

type countingObject struct {
	storage.Object
	read *atomic.Int64
}

func (c *countingStore) Open(ctx context.Context, uri string) (storage.Object, error) {
	object, err := c.Store.Open(ctx, uri)
	return countingObject{object, &c.read}, err
}

func (c countingObject) ReadAt(p []byte, offset int64) (int, error) {
	n, err := c.Object.ReadAt(p, offset)
	c.read.Add(int64(n))
	return n, err
}

// bytesRead returns how many bytes of inputs are read meanwhile.
func (c *countingStore) bytesRead(f func()) int64 {
	before := c.read.Load()
	f()
	return c.read.Load() - before
}

// reopened is another worker process on the same root.
func reopened(t *testing.T, root string) (*site, *countingStore) {
	t.Helper()
	local, err := output.LocalStore(root)
	require.NoError(t, err)
	store := &countingStore{Store: local}
	s := &site{t: t, root: root, jobs: session.NewRegistry(session.Options{Store: store, Alone: true})}
	t.Cleanup(func() { require.NoError(t, s.jobs.Close()) })
	s.act = activities.New(s.jobs)
	var suite testsuite.WorkflowTestSuite
	s.env = suite.NewTestActivityEnvironment()
	s.env.RegisterActivity(s.act)
	return s, store
}

func (s *site) touch(name string, ago time.Duration) {
	s.t.Helper()
	at := time.Now().Add(-ago)
	require.NoError(s.t, os.Chtimes(filepath.Join(s.root, name), at, at))
}

// The input is read once when it is indexed. One that was touched is read once in a
// process, although the job is refused first, and one that was not is not read at all.
func TestATouchedInputIsReadOnce(t *testing.T) {
	t.Parallel()
	s, store := reopened(t, t.TempDir())
	content := strings.Repeat("{\"id\": 12345}\n", 100_000)
	size := int64(len(content))
	s.write("in.jsonl", content)
	spec := sleepSpec("in.jsonl")
	index := func() {
		_, err := s.index(spec)
		require.NoError(t, err)
	}
	require.Equal(t, size, store.bytesRead(index))
	require.Zero(t, store.bytesRead(index))

	s.touch("in.jsonl", time.Hour)
	other := spec
	other.BatchSize = 7
	require.Equal(t, size, store.bytesRead(func() {
		_, err := s.index(other)
		requireKind(t, err, job.KindOutput, "chunk_size × batch_size")
	}))
	require.Zero(t, store.bytesRead(index))
	require.Zero(t, store.bytesRead(index))

	s.touch("in.jsonl", 2*time.Hour)
	require.Equal(t, size, store.bytesRead(index))

	s, store = reopened(t, s.root)
	s.touch("in.jsonl", 3*time.Hour)
	require.Equal(t, size, store.bytesRead(index), "another process")
	s.write("in.jsonl", strings.Replace(content, "12345", "12346", 1))
	s.touch("in.jsonl", 4*time.Hour)
	require.Equal(t, size, store.bytesRead(func() {
		_, err := s.index(spec)
		requireKind(t, err, job.KindOutput, "this output folder belongs to a job with another input")
	}))
}

// brokenIndex are the ways in which the index of broken is damaged.
func brokenIndex() map[string]func(index string) error {
	return map[string]func(index string) error{
		"missing":   os.Remove,
		"truncated": func(index string) error { return os.Truncate(index, 15) },
		"zeros":     func(index string) error { return os.WriteFile(index, make([]byte, 16), 0o644) },
		"one bit": func(index string) error { // it leads to the beginning of another record
			content, err := os.ReadFile(index)
			content[15] ^= 4
			return errors.Join(err, os.WriteFile(index, content, 0o644))
		},
	}
}

// broken is a job of 400 records, of which 200 have an answer; each is a line of four bytes.
// Its worker has ended, and its index is damaged.
func broken(t *testing.T, damage func(index string) error) (b brokenJob) {
	t.Helper()
	s, _ := reopened(t, t.TempDir())
	var content bytes.Buffer
	for i := range 400 {
		fmt.Fprintf(&content, "%d\n", 100+i)
	}
	s.write("in.jsonl", content.String())
	b.root, b.spec = s.root, sleepSpec("in.jsonl")
	b.spec.ChunkSize, b.spec.BatchSize = 200, 2
	var err error
	b.plan, err = s.index(b.spec)
	require.NoError(t, err)
	b.first, err = s.process(b.plan.Ref, job.Chunk{Range: job.Range{Last: 200}, Grant: job.LaneGrant{Calls: 1}})
	require.NoError(t, err)
	name := filepath.Join(s.root, "out/_longhaul/index")
	b.index, err = os.ReadFile(name)
	require.NoError(t, err)
	require.NoError(t, damage(name))
	return b
}

type brokenJob struct {
	root  string
	spec  job.Spec
	plan  job.Plan
	first job.Receipt
	// index is the content before it was damaged.
	index []byte
}

var rest = job.Chunk{Range: job.Range{First: 200, Last: 400}, Grant: job.LaneGrant{Calls: 1}}

func (s *site) requireIndex(want []byte) {
	s.t.Helper()
	require.Equal(s.t, string(want), content(s.t, s.root, "out/_longhaul/index"))
}

// A chunk that finds the index missing or damaged writes it again, and goes on.
func TestAChunkWritesADamagedIndexAgain(t *testing.T) {
	t.Parallel()
	for name, damage := range brokenIndex() {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			b := broken(t, damage)
			s, _ := reopened(t, b.root)
			second, err := s.process(b.plan.Ref, rest)
			require.NoError(t, err)
			s.requireIndex(b.index)
			s.finish(b.plan.Ref, job.Batch{Range: job.Range{Last: 400}, Journals: append(b.first.Journals, second.Journals...)})
			require.True(t, s.proven())
		})
	}
}

// A job that is started again does so too, and verify names the damage until then.
func TestAJobThatIsStartedAgainWritesADamagedIndexAgain(t *testing.T) {
	t.Parallel()
	for name, damage := range brokenIndex() {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			b := broken(t, damage)
			s, store := reopened(t, b.root)
			v, err := verify.Run(t.Context(), b.root, "out")
			require.NoError(t, err)
			require.Len(t, v.Problems, 1)
			require.Contains(t, v.Problems[0].Text, "_longhaul/index")
			again, err := s.index(b.spec)
			require.NoError(t, err)
			require.Equal(t, b.plan.JobID, again.JobID)
			s.requireIndex(b.index)
			require.Zero(t, store.bytesRead(func() { _, err = s.index(b.spec) }))
			require.NoError(t, err)
			second, err := s.process(again.Ref, rest)
			require.NoError(t, err)
			s.finish(again.Ref, job.Batch{Range: job.Range{Last: 400}, Journals: append(b.first.Journals, second.Journals...)})
			require.True(t, s.proven())
		})
	}
}

// The index of another content is not written by a chunk either.
func TestAChunkDoesNotIndexAnotherContent(t *testing.T) {
	t.Parallel()
	b := broken(t, os.Remove)
	name := filepath.Join(b.root, "in.jsonl")
	before, err := os.Stat(name)
	require.NoError(t, err)
	require.NoError(t, os.WriteFile(name, []byte(strings.Repeat("999\n", 400)), 0o644))
	require.NoError(t, os.Chtimes(name, before.ModTime(), before.ModTime()))
	s, _ := reopened(t, b.root)
	_, err = s.process(b.plan.Ref, rest)
	requireKind(t, err, job.KindInput, "in.jsonl: the input has changed since it was indexed; bring the old file back")
	require.NoFileExists(t, filepath.Join(b.root, "out/_longhaul/index"))
}

// Size and time of the file are the same, so only reading it tells.
func TestTheIndexOfAnotherContentIsNotWritten(t *testing.T) {
	t.Parallel()
	s, _ := reopened(t, t.TempDir())
	s.write("in.jsonl", "1\n2\n")
	s.touch("in.jsonl", time.Hour)
	before, err := os.Stat(filepath.Join(s.root, "in.jsonl"))
	require.NoError(t, err)
	spec := sleepSpec("in.jsonl")
	_, err = s.index(spec)
	require.NoError(t, err)
	index := filepath.Join(s.root, "out/_longhaul/index")
	require.NoError(t, os.Remove(index))
	s.write("in.jsonl", "1\n3\n")
	require.NoError(t, os.Chtimes(filepath.Join(s.root, "in.jsonl"), before.ModTime(), before.ModTime()))
	_, err = s.index(spec)
	requireKind(t, err, job.KindInput, "in.jsonl: the input has changed since it was indexed; bring the old file back")
	require.NoFileExists(t, index)
}

// finish flushes the last batch and finishes the job.
func (s *site) finish(ref job.Ref, batch job.Batch) {
	s.t.Helper()
	_, err := s.env.ExecuteActivity(s.act.FlushBatch, ref, batch)
	require.NoError(s.t, err)
	_, err = s.env.ExecuteActivity(s.act.FinishJob, ref)
	require.NoError(s.t, err)
}

func (s *site) proven() bool {
	s.t.Helper()
	v, err := verify.Run(s.t.Context(), s.root, "out")
	require.NoError(s.t, err)
	require.Empty(s.t, v.Problems)
	return v.Proven()
}

// The fixture is a job of version 0.1: of 600 rows, 200 are in a part, 100 more in a
// journal. Its answers were made from line feeds where the file has CRLF in a field, so
// the rest is too: the same record never has two readings.
func TestAJobOfTheFirstVersionGoesOn(t *testing.T) {
	t.Parallel()
	root := t.TempDir()
	require.NoError(t, os.CopyFS(root, os.DirFS("testdata/v0.1")))
	index := content(t, root, "out/_longhaul/index")
	var manifest job.Manifest
	require.NoError(t, json.Unmarshal([]byte(content(t, root, "out/_longhaul/job.json")), &manifest))
	require.NoError(t, os.Chtimes(filepath.Join(root, "in.csv"), manifest.Input.Modified, manifest.Input.Modified), "it is as it was")
	v, err := verify.Run(t.Context(), root, "out")
	require.NoError(t, err)
	require.Empty(t, v.Problems)
	require.Equal(t, []job.Range{{First: 200, Last: 600}}, v.Missing)
	require.Contains(t, strings.Join(v.Notes, "\n"), "version 0.1 of Longhaul wrote this output, without digests of the index")
	s, _ := reopened(t, root)
	plan, err := s.index(manifest.Spec)
	require.NoError(t, err)
	require.Equal(t, job.Ranges{{First: 0, Last: 200}}, plan.Committed)
	require.Equal(t, manifest.JobID, plan.JobID)
	require.Equal(t, index, content(t, root, "out/_longhaul/index"))
	for first := int64(200); first < 600; first += 200 {
		receipt, err := s.process(plan.Ref, job.Chunk{Range: job.Range{First: first, Last: first + 200}, Grant: job.LaneGrant{Calls: 10}})
		require.NoError(t, err)
		_, err = s.env.ExecuteActivity(s.act.FlushBatch, plan.Ref,
			job.Batch{Number: first / 200, Range: receipt.Range, Journals: receipt.Journals})
		require.NoError(t, err)
	}
	_, err = s.env.ExecuteActivity(s.act.FinishJob, plan.Ref)
	require.NoError(t, err)
	require.True(t, s.proven())
	var goneOn job.Manifest
	require.NoError(t, json.Unmarshal([]byte(content(t, root, "out/_longhaul/job.json")), &goneOn))
	require.Len(t, goneOn.Input.IndexSHA256, 64, "its index has a digest now")
	for _, part := range []string{"out/part-000000.jsonl", "out/part-000002.jsonl"} {
		require.Equal(t, 80, strings.Count(content(t, root, part), `"the\ntext":"two\nlines"`), part)
	}

	fresh := manifest.Spec
	fresh.Output.URI = "new"
	plan, err = s.index(fresh)
	require.NoError(t, err)
	receipt, err := s.process(plan.Ref, job.Chunk{Range: job.Range{Last: 200}, Grant: job.LaneGrant{Calls: 10}})
	require.NoError(t, err)
	_, err = s.env.ExecuteActivity(s.act.FlushBatch, plan.Ref, job.Batch{Range: job.Range{Last: 200}, Journals: receipt.Journals})
	require.NoError(t, err)
	require.Equal(t, 80, strings.Count(content(t, root, "new/part-000000.jsonl"), `"the\r\ntext":"two\r\nlines"`), "a new job")
}
