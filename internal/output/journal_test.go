package output

import (
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"sync"
	"testing"
	"time"

	"github.com/stretchr/testify/require"
	"pgregory.net/rapid"

	"longhaul/internal/storage"
	"longhaul/job"
)

// open is an output folder on a real disk.
func open(t require.TestingT, dir string) *Folder {
	store, err := storage.Unconfined(dir).Folder(".", true)
	require.NoError(t, err)
	return NewFolder(store, "out")
}

func success(index int64) job.Result {
	return job.Result{
		Record: job.Record{Index: index, Value: json.RawMessage(fmt.Sprintf(`{"id":%d}`, index))},
		Answer: job.Answer{Output: json.RawMessage(fmt.Sprintf(`"answer %d"`, index))}, Attempts: 1, Latency: 103200 * time.Microsecond,
	}
}

func failure(index int64) job.Result {
	r := success(index)
	r.Output = nil
	r.Failure = &job.CallError{Kind: "http", Status: 503, Message: "over <loaded>"}
	r.Attempts = 5
	r.At = time.Date(2026, 1, 2, 3, 4, 5, 0, time.UTC)
	return r
}

// write makes a sealed journal of the range with these results.
func write(t require.TestingT, f *Folder, r job.Range, attempt int32, results ...job.Result) job.JournalRef {
	j, err := f.NewJournal(r, "run", attempt)
	require.NoError(t, err)
	for _, result := range results {
		require.NoError(t, j.Append(result))
	}
	ref, err := j.Seal()
	require.NoError(t, err)
	return ref
}

func TestALineIsWhatTheContractSays(t *testing.T) {
	t.Parallel()
	require.Equal(t, `{"index":7,"input":{"id":7},"output":"answer 7","attempts":1,"latency_ms":103.2}`, string(appendLine(nil, success(7))))
	require.Equal(t, `{"index":7,"input":{"id":7},"error":{"kind":"http","status":503,"message":"over <loaded>"},"attempts":5,"latency_ms":103.2,"at":"2026-01-02T03:04:05Z"}`,
		string(appendLine(nil, failure(7))))
	pretty := success(1)
	pretty.Output = json.RawMessage("{\n  \"a\": 1.0\r\n}")
	require.Contains(t, string(appendLine(nil, pretty)), `"output":{"a":1.0},`)
	pretty.Output = nil
	require.Contains(t, string(appendLine(nil, pretty)), `"output":null,`)
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
		j, err := f.NewJournal(r, "run", 1)
		require.NoError(t, err)
		for i := range n {
			require.NoError(t, j.Append(success(100+i)))
			ends = append(ends, j.(*journal).size)
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

		answered, err := f.Answered(r)
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
	line := appendResult(nil, success(1))
	for i := range line[:len(line)-1] {
		damaged := append([]byte(nil), line[:len(line)-1]...)
		damaged[i] ^= 1
		_, ok := parseEntry(damaged)
		require.False(t, ok, "byte %d", i)
	}
	e, ok := parseEntry(line[:len(line)-1])
	require.True(t, ok)
	require.Equal(t, entry{1, succeeded, calls{attempts: 1}, 103200, appendLine(nil, success(1))}, e)
}

func FuzzParseEntry(f *testing.F) {
	line := appendResult(nil, failure(3))
	f.Add(line[:len(line)-1])
	f.Add([]byte("00000000 1 + 1 1 {}"))
	mark := appendMark(nil, job.Mark{Index: 3, Alone: true})
	f.Add(mark[:len(mark)-1])
	f.Fuzz(func(t *testing.T, line []byte) {
		if e, ok := parseEntry(line); ok {
			require.LessOrEqual(t, len(e.line), len(line))
		}
	})
}

func TestAnsweredReadsEveryOverlappingJournal(t *testing.T) {
	t.Parallel()
	f := open(t, t.TempDir())
	write(t, f, job.Range{First: 0, Last: 10}, 1, success(3), failure(4))
	write(t, f, job.Range{First: 5, Last: 15}, 1, success(5), success(12), success(4))
	write(t, f, job.Range{First: 20, Last: 30}, 1, success(20))
	answered, err := f.Answered(job.Range{First: 4, Last: 10})
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
	j, err := f.NewJournal(r, "run", 1)
	require.NoError(t, err)
	var all sync.WaitGroup
	for i := range r.Last {
		all.Go(func() {
			if err := j.Append(success(i)); err != nil {
				t.Error(err)
			}
		})
	}
	all.Wait()
	ref, err := j.Seal()
	require.NoError(t, err)
	answered, err := f.Answered(r)
	require.NoError(t, err)
	require.True(t, answered.Complete())
	require.Equal(t, []job.JournalRef{ref}, answered.Journals)
}

// fullDisk tears one write and then works again.
type fullDisk struct {
	Appender
	writes, breaks int
}

func (d *fullDisk) Write(p []byte) (int, error) {
	if d.writes++; d.writes == d.breaks {
		n, _ := d.Appender.Write(p[:len(p)/2])
		return n, errors.New("no space left on device")
	}
	return d.Appender.Write(p)
}

type diskStore struct {
	Store
	breaks int
}

func (s diskStore) Append(name string) (Appender, error) {
	a, err := s.Store.Append(name)
	return &fullDisk{Appender: a, breaks: s.breaks}, err
}

// After a torn write nothing may follow: it would be glued to the torn line.
func TestNothingFollowsAFailedWrite(t *testing.T) {
	t.Parallel()
	f := open(t, t.TempDir())
	f.store = diskStore{f.store, 3}
	j, err := f.NewJournal(job.Range{Last: 3}, "run", 1)
	require.NoError(t, err)
	require.NoError(t, j.Append(success(0)))
	require.ErrorContains(t, j.Append(success(1)), "no space")
	require.ErrorContains(t, j.Append(success(2)), "no space")
	_, err = j.Seal()
	require.NoError(t, err)
	answered, err := f.Answered(job.Range{Last: 3})
	require.NoError(t, err)
	require.EqualValues(t, 1, answered.Done())
}

func TestAFullDiskShowsBeforeTheFirstCall(t *testing.T) {
	t.Parallel()
	f := open(t, t.TempDir())
	f.store = diskStore{f.store, 1}
	_, err := f.NewJournal(job.Range{Last: 3}, "run", 1)
	require.ErrorContains(t, err, "no space")
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
		j, err := f.NewJournal(r, "run", int32(attempt))
		require.NoError(t, err)
		for _, mark := range marks {
			require.NoError(t, j.Mark(mark))
		}
		if attempt == 1 {
			require.NoError(t, j.Append(success(4)))
		}
		_, err = j.Seal()
		require.NoError(t, err)
	}
	answered, err := f.Answered(r)
	require.NoError(t, err)
	require.Empty(t, answered.Suspects(), "the process that made these calls is alive")
	answered, err = open(t, dir).Answered(r)
	require.NoError(t, err)
	require.Equal(t, []job.Suspect{
		{Index: 2, Deaths: job.Deaths{All: 2, Alone: 1}}, {Index: 1, Deaths: job.Deaths{All: 1}}, {Index: 5, Deaths: job.Deaths{All: 1}},
	}, answered.Suspects())
	require.EqualValues(t, 1, answered.Done(), "a mark is no answer")
	require.Len(t, answered.Journals, 1)
}

// The status of an answer is kept beside it.
func TestTheStatusOfAnAnswer(t *testing.T) {
	t.Parallel()
	result := success(1)
	result.Status = 201
	require.Contains(t, string(appendLine(nil, result)), `"output":"answer 1","status":201,"attempts":1`)
}
