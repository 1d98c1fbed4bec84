package journal

import (
	"context"
	"errors"
	"sync"
	"time"

	"longhaul/internal/storage"
	"longhaul/job"
)

// header is the first line of every journal, so that a full disk shows before the
// first call, and a later format can be told apart.
const header = headerName + "1\n"

// headerName is what the header begins with; the version follows.
const headerName = "longhaul journal "

// writeInterval is how soon a write that has failed is tried again.
const writeInterval = time.Second

// Writer is where one attempt at a chunk appends its answers. It is safe for
// concurrent use.
type Writer struct {
	ctx      context.Context //nolint:containedctx // it bounds all writes of the attempt
	name     string
	appender storage.Appender
	onHold   func(error)

	mu      sync.Mutex
	size    int64
	busy    bool
	failed  error
	pending *group
	// spare is a group that nobody waits for any more.
	spare *group
}

// group is what goes out in one write.
type group struct {
	buffer []byte
	// done is closed when it is written; nil as long as nobody waits for it.
	done chan struct{}
	err  error
}

// Create begins the journal of one attempt at a range. The activity is named by
// its run and its id: a range may be worked on by several. A write that fails, because
// the disk is full, say, is tried again until the context is done: the answers that wait
// for it are held.
func (s *Set) Create(ctx context.Context, r job.Range, activity string, attempt int32) (*Writer, error) {
	name := s.nameOf(r, activity, attempt, s.writer)
	appender, err := s.folder.Append(ctx, name)
	if err != nil {
		return nil, err
	}
	w := &Writer{ctx: ctx, name: name, appender: appender, onHold: s.held, pending: &group{}, spare: &group{}}
	if err := w.write(func(dst []byte) []byte { return append(dst, header...) }); err != nil {
		return nil, errors.Join(err, appender.Close())
	}
	return w, nil
}

// Append writes a result. When it returns nil, a kill of the process does not
// lose the result; Seal makes it survive a power cut.
func (w *Writer) Append(result job.Result) error {
	return w.write(func(dst []byte) []byte { return appendResult(dst, result) })
}

// Mark writes a mark, as durably as a result.
func (w *Writer) Mark(mark job.Mark) error {
	return w.write(func(dst []byte) []byte { return appendMark(dst, mark) })
}

// write puts a line into the file. Lines that come while a write is under way go
// out together in the next one (group commit).
func (w *Writer) write(line func(dst []byte) []byte) error {
	w.mu.Lock()
	mine := w.pending
	mine.buffer = line(mine.buffer)
	if w.busy {
		if mine.done == nil {
			mine.done = make(chan struct{})
		}
		w.mu.Unlock()
		<-mine.done
		return mine.err
	}
	w.busy = true
	err := w.writePending()
	for len(w.pending.buffer) > 0 {
		_ = w.writePending() // those who wait for it have its error
	}
	w.busy = false
	w.mu.Unlock()
	return err
}

// writePending is called with the lock, and gives it up while it writes.
func (w *Writer) writePending() error {
	out := w.pending
	w.pending = w.spare
	// After a write that was given up the file ends in a torn line: nothing may follow it.
	if out.err = w.failed; out.err == nil {
		w.mu.Unlock()
		var n int64
		n, out.err = w.writeAll(out.buffer)
		w.mu.Lock()
		w.size += n
		w.failed = out.err
	}
	err, buffer := out.err, out.buffer[:0]
	if out.done != nil {
		close(out.done)
		out = &group{} // those who wait still look at the other one
	}
	*out = group{buffer: buffer}
	w.spare = out
	return err
}

// writeAll writes until all is written, or the context is done. A write that has failed
// goes on where it was torn.
func (w *Writer) writeAll(data []byte) (written int64, err error) {
	held := false
	for {
		n, err := w.appender.Write(data)
		written, data = written+int64(n), data[n:]
		if err == nil || w.ctx.Err() != nil {
			if held {
				w.onHold(nil)
			}
			return written, err
		}
		if !held {
			held = true
			w.onHold(err)
		}
		select {
		case <-time.After(writeInterval):
		case <-w.ctx.Done():
		}
	}
}

// Seal syncs and closes the journal, and says what it is.
func (w *Writer) Seal() (job.JournalRef, error) {
	err := errors.Join(w.appender.Sync(), w.appender.Close())
	return job.JournalRef{Name: w.name, Size: w.size}, err
}
