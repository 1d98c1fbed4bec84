package output

import (
	"errors"
	"fmt"
	"sync"

	"longhaul/job"
)

// journalHeader is the first line of every journal, so that a full disk shows
// before the first call, and a later format can be told apart.
const journalHeader = "longhaul journal 1\n"

const journalSuffix = ".journal"

// Journal is where one attempt at a chunk appends its answers. It is safe for
// concurrent use.
type Journal = interface {
	Append(job.Result) error
	Mark(job.Mark) error
	Seal() (job.JournalRef, error)
}

type journal struct {
	name     string
	appender Appender

	mu      sync.Mutex
	size    int64
	busy    bool
	failed  error
	pending *group
	spare   []byte
}

// group is what goes out in one write.
type group struct {
	buffer []byte
	done   chan struct{}
	err    error
}

func newGroup(buffer []byte) *group {
	return &group{buffer: buffer[:0], done: make(chan struct{})}
}

// journalName begins with the range, so that a chunk finds by name alone what
// overlaps its own.
func journalName(r job.Range, activity string, attempt int32) string {
	return fmt.Sprintf("%s/%012d-%012d-%s-%d%s", journalDir, r.First, r.Last, activity, attempt, journalSuffix)
}

// NewJournal begins the journal of one attempt at a range. The activity is named by
// its run and its id: a range may be worked on by several.
func (f *Folder) NewJournal(r job.Range, activity string, attempt int32) (Journal, error) {
	name := journalName(r, activity, attempt)
	f.mine.Store(name, true)
	appender, err := f.store.Append(name)
	if err != nil {
		return nil, err
	}
	n, err := appender.Write([]byte(journalHeader))
	if err != nil {
		return nil, errors.Join(err, appender.Close())
	}
	return &journal{name: name, appender: appender, size: int64(n), pending: newGroup(nil)}, nil
}

// Append writes a result. When it returns nil, a kill of the process does not
// lose the result; Seal makes it survive a power cut.
func (j *journal) Append(result job.Result) error {
	return j.write(func(dst []byte) []byte { return appendResult(dst, result) })
}

// Mark writes a mark, as durably as a result.
func (j *journal) Mark(mark job.Mark) error {
	return j.write(func(dst []byte) []byte { return appendMark(dst, mark) })
}

// write puts a line into the file. Lines that come while a write is under way go
// out together in the next one (group commit).
func (j *journal) write(line func(dst []byte) []byte) error {
	j.mu.Lock()
	mine := j.pending
	mine.buffer = line(mine.buffer)
	if j.busy {
		j.mu.Unlock()
		<-mine.done
		return mine.err
	}
	j.busy = true
	for len(j.pending.buffer) > 0 {
		j.writePending()
	}
	j.busy = false
	j.mu.Unlock()
	return mine.err
}

// writePending is called with the lock, and gives it up while it writes.
func (j *journal) writePending() {
	out := j.pending
	j.pending = newGroup(j.spare)
	// After a failed write the file ends in a torn line: nothing may follow it.
	if out.err = j.failed; out.err == nil {
		j.mu.Unlock()
		var n int
		n, out.err = j.appender.Write(out.buffer)
		j.mu.Lock()
		j.size += int64(n)
		j.failed = out.err
	}
	close(out.done)
	j.spare = out.buffer
}

// Seal syncs and closes the journal, and says what it is.
func (j *journal) Seal() (job.JournalRef, error) {
	err := errors.Join(j.appender.Sync(), j.appender.Close())
	return job.JournalRef{Name: j.name, Size: j.size}, err
}
