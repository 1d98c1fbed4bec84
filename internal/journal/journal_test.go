package journal

import (
	"bytes"
	"context"
	"fmt"
	"os"
	"path"
	"path/filepath"
	"sync"
	"sync/atomic"
	"syscall"
	"testing"
	"testing/synctest"
	"time"

	"github.com/stretchr/testify/require"
	"pgregory.net/rapid"

	"longhaul/internal/part"
	"longhaul/internal/part/parttest"
	"longhaul/internal/storage"
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

func FuzzParseEntry(f *testing.F) {
	line := appendResult(nil, parttest.Failure(3))
	f.Add(line[:len(line)-1])
	f.Add([]byte("00000000 1 + 1 1 {}"))
	mark := appendMark(nil, job.Mark{Index: 3, Alone: true})
	f.Add(mark[:len(mark)-1])
	f.Fuzz(func(t *testing.T, line []byte) {
		if e, ok := parseEntry(line); ok {
			require.LessOrEqual(t, len(e.Line), len(line))
		}
	})
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

// fullDisk tears writes from one on, until there is room again.
type fullDisk struct {
	storage.Appender
	disk *disk
}

type disk struct {
	storage.Folder
	full   atomic.Bool
	broken atomic.Int64
}

func (d *fullDisk) Write(p []byte) (int, error) {
	if d.disk.full.Load() {
		d.disk.broken.Add(1)
		n, _ := d.Appender.Write(p[:len(p)/3])
		return n, syscall.ENOSPC
	}
	return d.Appender.Write(p)
}

func (d *disk) Append(ctx context.Context, name string) (storage.Appender, error) {
	a, err := d.Folder.Append(ctx, name)
	return &fullDisk{Appender: a, disk: d}, err
}

// Answers that cannot be written are held; when there is room, they are written where the
// torn write has ended.
func TestAnswersAreHeldWhileTheDiskIsFull(t *testing.T) {
	t.Parallel()
	dir := t.TempDir()
	synctest.Test(t, func(t *testing.T) {
		f := open(t, dir)
		d := &disk{Folder: f.folder}
		f.folder = d
		var holds []error
		f.OnHold(func(err error) { holds = append(holds, err) })
		d.full.Store(true)
		r := job.Range{Last: 20}
		written := make(chan *Writer)
		go func() {
			w, err := f.Create(t.Context(), r, "run", 1)
			if err != nil {
				t.Error(err)
			}
			written <- w
		}()
		<-time.After(10 * time.Second)
		d.full.Store(false)
		w := <-written
		require.Equal(t, []error{syscall.ENOSPC, nil}, holds, "it shows before the first call")
		require.NoError(t, w.Append(parttest.Success(0)))
		d.full.Store(true)
		answers := make(chan error, 19)
		for i := range int64(19) {
			go func() { answers <- w.Append(parttest.Success(i + 1)) }()
		}
		<-time.After(time.Minute)
		require.Empty(t, answers, "nobody goes on")
		require.Less(t, d.broken.Load(), int64(100))
		d.full.Store(false)
		for range 19 {
			require.NoError(t, <-answers)
		}
		require.Equal(t, []error{syscall.ENOSPC, nil, syscall.ENOSPC, nil}, holds)
		ref, err := w.Seal()
		require.NoError(t, err)
		answered, err := open(t, dir).Answered(t.Context(), r)
		require.NoError(t, err)
		require.True(t, answered.Complete())
		require.Equal(t, []job.JournalRef{ref}, answered.Journals)
	})
}

// An attempt that must end gives its answers up. After a torn write nothing may follow: it
// would be glued to the torn line.
func TestNothingFollowsAWriteThatWasGivenUp(t *testing.T) {
	t.Parallel()
	dir := t.TempDir()
	synctest.Test(t, func(t *testing.T) {
		f := open(t, dir)
		d := &disk{Folder: f.folder}
		f.folder = d
		ctx, cancel := context.WithCancel(t.Context())
		w, err := f.Create(ctx, job.Range{Last: 3}, "run", 1)
		require.NoError(t, err)
		require.NoError(t, w.Append(parttest.Success(0)))
		d.full.Store(true)
		given := make(chan error)
		go func() { given <- w.Append(parttest.Success(1)) }()
		<-time.After(10 * time.Second)
		cancel()
		require.ErrorIs(t, <-given, syscall.ENOSPC)
		d.full.Store(false)
		require.ErrorIs(t, w.Append(parttest.Success(2)), syscall.ENOSPC)
		_, err = w.Seal()
		require.NoError(t, err)
		answered, err := open(t, dir).Answered(t.Context(), job.Range{Last: 3})
		require.NoError(t, err)
		require.EqualValues(t, 1, answered.Done())
	})
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

// listed counts what listings return.
type listed struct {
	storage.Folder
	names atomic.Int64
}

func (l *listed) List(ctx context.Context, prefix string) ([]storage.Entry, error) {
	entries, err := l.Folder.List(ctx, prefix)
	l.names.Add(int64(len(entries)))
	return entries, err
}

// A chunk finds the journals of its batch without a look at all others; those of Longhaul
// 0.1, which lie in no batch's folder, are found too.
func TestJournalsOfABatch(t *testing.T) {
	t.Parallel()
	dir := t.TempDir()
	flat := open(t, dir)
	old := write(t, flat, job.Range{First: 300, Last: 310}, 1, parttest.Success(300))
	require.Equal(t, "_longhaul/journal", path.Dir(old.Name))
	grouped := open(t, dir)
	grouped.GroupBy(10)
	for batch := range int64(50) {
		r := job.Range{First: batch * 10, Last: batch*10 + 10}
		ref := write(t, grouped, r, 1, parttest.Success(r.First+1))
		require.Equal(t, fmt.Sprintf("_longhaul/journal/%06d", batch), path.Dir(ref.Name))
		kept := write(t, grouped, r, 2, parttest.Success(r.First+2))
		require.NotEqual(t, ref.Name, kept.Name)
	}
	last := job.Range{First: 300, Last: 310}
	for range 2 {
		answered, err := grouped.Answered(t.Context(), last)
		require.NoError(t, err)
		require.Len(t, answered.Journals, 3)
		require.True(t, answered.Has(300) && answered.Has(301) && answered.Has(302))
	}
	require.NoError(t, grouped.Delete(t.Context(), old.Name))
	counting := &listed{Folder: grouped.folder}
	grouped.folder = counting
	for range 10 {
		names, err := grouped.Overlapping(t.Context(), last)
		require.NoError(t, err)
		require.Len(t, names, 2)
	}
	require.EqualValues(t, 100+9*2, counting.names.Load(), "all once, and then those of the batch")
	require.NoError(t, grouped.Drop(t.Context(), job.Range{Last: 500}))
	names, err := grouped.Names(t.Context())
	require.NoError(t, err)
	require.Empty(t, names)
	require.NoDirExists(t, filepath.Join(dir, "_longhaul/journal/000030"), "no empty folder is left")
}

// Of attempts at the same chunk the later one counts, also of ten and more; others' journals
// do not.
func TestALaterAttemptSupersedes(t *testing.T) {
	t.Parallel()
	f := open(t, t.TempDir())
	f.GroupBy(10)
	r := job.Range{Last: 10}
	begin := func(r job.Range, activity string, attempt int32) *Writer {
		w, err := f.Create(t.Context(), r, activity, attempt)
		require.NoError(t, err)
		return w
	}
	isSuperseded := func(w *Writer) bool {
		later, err := f.IsSuperseded(t.Context(), w)
		require.NoError(t, err)
		return later
	}
	ninth := begin(r, "run-7", 9)
	begin(r, "run-7", 8)
	begin(r, "run-17", 10)
	begin(r, "other-7", 10)
	begin(job.Range{Last: 5}, "run-7", 10)
	require.NoError(t, f.Put(t.Context(), f.KeptName(r, 20), func(*Rewriter) error { return nil }))
	require.False(t, isSuperseded(ninth))
	tenth := begin(r, "run-7", 10)
	require.True(t, isSuperseded(ninth))
	require.False(t, isSuperseded(tenth))
}
