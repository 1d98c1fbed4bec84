package storage

import (
	"context"
	"io"
	"time"

	"longhaul/job"
)

// Store opens what jobs read and write, by URI.
type Store interface {
	// Open opens an input for reading. Its error names the URI and, if the input is
	// missing, a folder, or not allowed, is permanent.
	Open(ctx context.Context, uri string) (Object, error)
	// Folder opens an output folder. With create, it is made if it is missing; without,
	// a missing folder is fs.ErrNotExist.
	Folder(ctx context.Context, uri string, create bool) (Folder, error)
	Close() error
}

// Folder is one output. Names are slash-separated paths below it.
type Folder interface {
	// Open opens an object; fs.ErrNotExist if there is none.
	Open(ctx context.Context, name string) (Object, error)
	// Append opens a new object for writing at its end. One that is there already is
	// fs.ErrExist: its last line may be torn.
	Append(ctx context.Context, name string) (Appender, error)
	// Put writes a whole object, replacing what is there: readers see the old one
	// or the new one, never a half. When it returns, the object survives a power cut.
	// An error of write leaves all as it was.
	Put(ctx context.Context, name string, write func(io.Writer) error) error
	// PutIfAbsent is Put, but fails with fs.ErrExist if there is an object already.
	// Of several at once, one wins.
	PutIfAbsent(ctx context.Context, name string, write func(io.Writer) error) error
	// List returns the objects whose names begin with the prefix, at any depth, in the
	// order of their names; none if there are none.
	List(ctx context.Context, prefix string) ([]Entry, error)
	// Delete removes objects; missing ones are fine. When it returns, that survives a
	// power cut.
	Delete(ctx context.Context, names ...string) error
	// Sync makes all that was appended to an object so far survive a power cut, whoever
	// appended it; fs.ErrNotExist if there is none.
	Sync(ctx context.Context, name string) error
	// Fence lets the holder of the token write, and ends the writes of all tokens with a
	// lower epoch: when it returns, none that has not taken effect ever will, however
	// long ago it began. It also removes what such writes have left half done.
	Fence(ctx context.Context, token Token) error
	// Revoke ends the writes of the holder itself, as Fence does for lower epochs.
	Revoke(ctx context.Context, token Token) error
	// Fenced is the folder for writes of the holder of the token. After a revocation its
	// Append, Put, PutIfAbsent and Delete change nothing and fail with
	// job.KindTakenOver. Without Fenced, writes are not bound to a token.
	Fenced(token Token) Folder
	// Attempt makes an attempt at a step: work that several processes may begin, but one at
	// a time may do. It ends the writes of all earlier attempts at the step under the same
	// token, as Fence does for lower epochs, and gives work the folder for those of this
	// one. When a later attempt begins, they change nothing and fail with Superseded. The
	// step is named by letters, digits and hyphens. Attempts are not nested.
	Attempt(ctx context.Context, step string, work func(Folder) error) error
	// URI is for messages.
	URI() string
	Close() error
}

// Token is a fencing token: it says under which claim a write is made.
type Token struct {
	// Epoch grows with each claim.
	Epoch int64
	// ID tells claims apart that have the same epoch, because a process that was stopped
	// for long has claimed again what others had released since. Letters, digits and
	// hyphens only.
	ID string
}

// Revoked is the error of a write whose token was revoked.
func Revoked(uri string) error {
	return job.Errorf(job.KindTakenOver, uri, "this job's claim to the output folder has ended: the job has ended, or another job has taken the folder over").
		WithHint("nothing was written; longhaul status %s tells which job has the folder", uri)
}

// Superseded is the error of a write of an attempt that is not the latest at its step. It
// may be tried again.
func Superseded(uri, step string) error {
	return job.Errorf(job.KindStorage, uri, "a later attempt at %s has begun", step).
		WithHint("nothing was written by this one; the later one goes on")
}

// Entry is an object in a listing.
type Entry struct {
	Name string
	// Size in bytes.
	Size int64
}

// Object is an open object: reads at any offset, and what it was when it was opened.
type Object interface {
	io.ReaderAt
	io.Closer
	// Size in bytes.
	Size() int64
	ModTime() time.Time
}

// Appender is an object that is being written. Data for which Write has returned survives
// a kill of the process; what Sync has returned for survives a power cut.
type Appender interface {
	io.WriteCloser
	Sync() error
}

// NewReader reads the whole object, from its start.
func NewReader(o Object) io.Reader { return io.NewSectionReader(o, 0, o.Size()) }
