package storage

import (
	"context"
	"io"
	"time"
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
	// Delete removes objects; missing ones are fine.
	Delete(ctx context.Context, names ...string) error
	// Sweep removes what a killed process left half written. A put that is under way
	// elsewhere then fails.
	Sweep(ctx context.Context) error
	// URI is for messages.
	URI() string
	Close() error
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
