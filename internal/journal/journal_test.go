package journal

import (
	"bytes"
	"context"
	"os"
	"path/filepath"
	"sync"
	"testing"
	"time"

	"github.com/stretchr/testify/require"
	"pgregory.net/rapid"

	"longhaul/internal/part"
	"longhaul/internal/part/parttest"
	"longhaul/internal/storage/local"
	"longhaul/job"
)

// open is the journals of a folder on a real disk.
func open(t testingT, dir string) *Set {
	folder, err := local.Unconfined(dir, "scratch").Folder(t.Context(), ".", true)
	require.NoError(t, err)
	return NewSet(folder)
}

// testingT is a test, or one run of a property.
type testingT interface {
	require.TestingT
	Context() context.Context
}

// write makes a sealed journal of the range with these results.
func write(t testingT, s *Set, r job.Range, attempt int32, results ...job.Result) job.JournalRef {
	w, err := s.Create(t.Context(), r, "run", attempt)
	require.NoError(t, err)
	for _, result := range results {
		require.NoError(t, w.Append(result))
	}
	ref, err := w.Seal()
	require.NoError(t, err)
	return ref
}

// Whatever way the end of a journal is torn or damaged, the entries before are
// read, and none is invented.
func TestATornTailDoesNotCount(t *testing.T) {
	t.Parallel()
	rapid.Check(t, func(t *rapid.T) {
		dir, err := os.MkdirTemp("", "journal")
		require.NoError(t, err)
		defer os.RemoveAll(dir)
		f := open(t, dir)
		n := rapid.Int64Range(1, 20).Draw(t, "entries")
		r := job.Range{First: 100, Last: 100 + n}
		ends := make([]int64, 0, n)
		j, err := f.Create(t.Context(), r, "run", 1)
		require.NoError(t, err)
		for i := range n {
			require.NoError(t, j.Append(parttest.Success(100+i)))
			ends = append(ends, j.size)
		}
		ref, err := j.Seal()
		require.NoError(t, err)

		path := filepath.Join(dir, ref.Name)
		data, err := os.ReadFile(path)
		require.NoError(t, err)
		written := bytes.Clone(data)
		data = data[:rapid.Int64Range(0, int64(len(data))).Draw(t, "cut")]
		if rapid.Bool().Draw(t, "garbage") {
			data = append(data, rapid.SliceOfN(rapid.Byte(), 0, 50).Draw(t, "tail")...)
		}
		require.NoError(t, os.WriteFile(path, data, 0o644))

		answered, err := f.Answered(t.Context(), r)
		require.NoError(t, err)
		whole := int64(0)
		for i := range n {
			// What comes after a cut may be what was there.
			there := bytes.HasPrefix(data, written[:ends[i]])
			if there {
				whole++
			}
			require.Equal(t, there, answered.Has(100+i), "record %d", 100+i)
		}
		require.Equal(t, whole, answered.Done())
	})
}

func TestADamagedLineDoesNotCount(t *testing.T) {
	t.Parallel()
	line := appendResult(nil, parttest.Success(1))
	for i := range line[:len(line)-1] {
		damaged := append([]byte(nil), line[:len(line)-1]...)
		damaged[i] ^= 1
		_, ok := parseEntry(damaged)
		require.False(t, ok, "byte %d", i)
	}
	e, ok := parseEntry(line[:len(line)-1])
	require.True(t, ok)
	require.Equal(t, Entry{Index: 1, Outcome: Succeeded, Attempts: 1, Latency: 103200 * time.Microsecond, Line: part.Append(nil, parttest.Success(1))}, e)
}

func TestAnsweredReadsEveryOverlappingJournal(t *testing.T) {
	t.Parallel()
	f := open(t, t.TempDir())
	write(t, f, job.Range{First: 0, Last: 10}, 1, parttest.Success(3), parttest.Failure(4))
	write(t, f, job.Range{First: 5, Last: 15}, 1, parttest.Success(5), parttest.Success(12), parttest.Success(4))
	write(t, f, job.Range{First: 20, Last: 30}, 1, parttest.Success(20))
	answered, err := f.Answered(t.Context(), job.Range{First: 4, Last: 10})
	require.NoError(t, err)
	require.Equal(t, job.Totals{Succeeded: 1, Failed: 1, Attempts: 6}, answered.Totals)
	require.Len(t, answered.Journals, 2)
	require.True(t, answered.Has(4))
	require.True(t, answered.Has(5))
	require.False(t, answered.Has(6))
}

func TestConcurrentAppends(t *testing.T) {
	t.Parallel()
	f := open(t, t.TempDir())
	r := job.Range{Last: 2000}
	j, err := f.Create(t.Context(), r, "run", 1)
	require.NoError(t, err)
	var all sync.WaitGroup
	for i := range r.Last {
		all.Go(func() {
			if err := j.Append(parttest.Success(i)); err != nil {
				t.Error(err)
			}
		})
	}
	all.Wait()
	ref, err := j.Seal()
	require.NoError(t, err)
	answered, err := f.Answered(t.Context(), r)
	require.NoError(t, err)
	require.True(t, answered.Complete())
	require.Equal(t, []job.JournalRef{ref}, answered.Journals)
}

// A record is suspect if a call neither came back nor has a result.
func TestSuspects(t *testing.T) {
	t.Parallel()
	dir := t.TempDir()
	f := open(t, dir)
	r := job.Range{First: 0, Last: 10}
	for attempt, marks := range [][]job.Mark{
		{{Index: 1}, {Index: 2}, {Index: 3}, {Index: 3, Back: true}, {Index: 4}},
		{{Index: 2, Alone: true}, {Index: 5}, {Index: 5, Back: true}, {Index: 5}},
	} {
		j, err := f.Create(t.Context(), r, "run", int32(attempt))
		require.NoError(t, err)
		for _, mark := range marks {
			require.NoError(t, j.Mark(mark))
		}
		if attempt == 1 {
			require.NoError(t, j.Append(parttest.Success(4)))
		}
		_, err = j.Seal()
		require.NoError(t, err)
	}
	answered, err := f.Answered(t.Context(), r)
	require.NoError(t, err)
	require.Empty(t, answered.Suspects(), "the process that made these calls is alive")
	answered, err = open(t, dir).Answered(t.Context(), r)
	require.NoError(t, err)
	require.Equal(t, []Suspect{
		{Index: 1, Deaths: Deaths{All: 1}}, {Index: 5, Deaths: Deaths{All: 1}}, {Index: 2, Deaths: Deaths{All: 2, Alone: 1}},
	}, answered.Suspects())
	require.EqualValues(t, 1, answered.Done(), "a mark is no answer")
	require.Zero(t, answered.Kills(), "a call of each may be poison")
	write(t, open(t, dir), r, 2, parttest.Success(2), parttest.Success(5), parttest.Failure(1))
	answered, err = open(t, dir).Answered(t.Context(), r)
	require.NoError(t, err)
	require.Equal(t, 1, answered.Kills(), "all calls of the second have succeeded since")
	require.Len(t, answered.Journals, 2)
}

// A journal of a later format is not taken for a damaged one.
func TestAJournalOfAnotherVersionIsRefused(t *testing.T) {
	t.Parallel()
	dir := t.TempDir()
	f := open(t, dir)
	r := job.Range{Last: 2}
	ref := write(t, f, r, 1, parttest.Success(0))
	data, err := os.ReadFile(filepath.Join(dir, ref.Name))
	require.NoError(t, err)
	later := bytes.Replace(data, []byte("journal 1\n"), []byte("journal 2\n"), 1)
	require.NoError(t, os.WriteFile(filepath.Join(dir, ref.Name), later, 0o644))
	_, err = f.Answered(t.Context(), r)
	require.ErrorContains(t, err, ref.Name+`: the journal has version "2", this worker knows 1`)
	require.Equal(t, job.KindOutput, job.KindOf(err))

	damaged := bytes.Replace(data, []byte("longhaul journal"), []byte("longhaul jOurnal"), 1)
	require.NoError(t, os.WriteFile(filepath.Join(dir, ref.Name), damaged, 0o644))
	answered, err := f.Answered(t.Context(), r)
	require.NoError(t, err)
	require.EqualValues(t, 1, answered.Done(), "the entries have their own checksums")
}
