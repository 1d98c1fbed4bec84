package memory

import (
	"bytes"
	"cmp"
	"context"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"maps"
	"slices"
	"strings"
	"sync"
	"time"

	"longhaul/internal/storage"
	"longhaul/job"
)

// Store holds inputs and output folders by URI.
type Store struct {
	mu      sync.Mutex
	inputs  map[string]content
	folders map[string]*folder
}

type content struct {
	data    []byte
	modTime time.Time
}

// New is empty.
func New() *Store {
	return &Store{inputs: map[string]content{}, folders: map[string]*folder{}}
}

// SetInput makes, or replaces, an input.
func (s *Store) SetInput(uri, data string) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.inputs[uri] = content{[]byte(data), time.Now()}
}

// Open opens an input.
func (s *Store) Open(ctx context.Context, uri string) (storage.Object, error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	if ctx.Err() != nil {
		return nil, context.Cause(ctx)
	}
	found, ok := s.inputs[uri]
	if !ok {
		return nil, job.Errorf(job.KindInput, uri, "there is no such input").WithHint("give its URI as input.uri")
	}
	return newObject(ctx, found), nil
}

// Folder opens an output folder.
func (s *Store) Folder(ctx context.Context, uri string, create bool) (storage.Folder, error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	if ctx.Err() != nil {
		return nil, context.Cause(ctx)
	}
	found, ok := s.folders[uri]
	if !ok {
		if !create {
			return nil, fmt.Errorf("%s: %w", uri, fs.ErrNotExist)
		}
		found = &folder{uri: uri, objects: map[string]content{}}
		s.folders[uri] = found
	}
	return found, nil
}

// Close does nothing.
func (s *Store) Close() error { return nil }

// folder is shared by all who have opened it.
type folder struct {
	uri string

	mu      sync.Mutex
	objects map[string]content
}

func (f *folder) Open(ctx context.Context, name string) (storage.Object, error) {
	f.mu.Lock()
	defer f.mu.Unlock()
	if ctx.Err() != nil {
		return nil, context.Cause(ctx)
	}
	found, ok := f.objects[name]
	if !ok {
		return nil, missing(name)
	}
	return newObject(ctx, found), nil
}

func (f *folder) Append(ctx context.Context, name string) (storage.Appender, error) {
	if err := f.put(ctx, name, nil, true); err != nil {
		return nil, err
	}
	return &appender{ctx: ctx, folder: f, name: name}, nil
}

func (f *folder) Put(ctx context.Context, name string, write func(io.Writer) error) error {
	return f.write(ctx, name, write, false)
}

func (f *folder) PutIfAbsent(ctx context.Context, name string, write func(io.Writer) error) error {
	return f.write(ctx, name, write, true)
}

func (f *folder) write(ctx context.Context, name string, write func(io.Writer) error, ifAbsent bool) error {
	var b bytes.Buffer
	if err := write(&b); err != nil {
		return &job.Error{Op: name, Kind: job.KindStorage, Err: err}
	}
	return f.put(ctx, name, b.Bytes(), ifAbsent)
}

func (f *folder) put(ctx context.Context, name string, data []byte, ifAbsent bool) error {
	f.mu.Lock()
	defer f.mu.Unlock()
	if ctx.Err() != nil {
		return context.Cause(ctx)
	}
	if _, ok := f.objects[name]; ok && ifAbsent {
		return &job.Error{Op: name, Kind: job.KindStorage, Err: fs.ErrExist}
	}
	f.objects[name] = content{data, time.Now()}
	return nil
}

func (f *folder) List(ctx context.Context, prefix string) ([]storage.Entry, error) {
	f.mu.Lock()
	defer f.mu.Unlock()
	if ctx.Err() != nil {
		return nil, context.Cause(ctx)
	}
	var entries []storage.Entry
	for _, name := range slices.Sorted(maps.Keys(f.objects)) {
		if strings.HasPrefix(name, prefix) {
			entries = append(entries, storage.Entry{Name: name, Size: int64(len(f.objects[name].data))})
		}
	}
	return entries, nil
}

func (f *folder) Delete(ctx context.Context, names ...string) error {
	f.mu.Lock()
	defer f.mu.Unlock()
	if ctx.Err() != nil {
		return context.Cause(ctx)
	}
	for _, name := range names {
		delete(f.objects, name)
	}
	return nil
}

// Sweep has nothing to do: nothing is ever half written.
func (f *folder) Sweep(ctx context.Context) error { return context.Cause(ctx) }
func (f *folder) Close() error                    { return nil }
func (f *folder) URI() string                     { return f.uri }

func missing(name string) error {
	return &job.Error{Op: name, Kind: job.KindStorage, Err: fs.ErrNotExist}
}

// object is what there was when it was opened.
type object struct {
	ctx     context.Context //nolint:containedctx // the interface binds an object to it
	reader  *bytes.Reader
	modTime time.Time
}

func newObject(ctx context.Context, c content) *object {
	return &object{ctx, bytes.NewReader(c.data), c.modTime}
}

func (o *object) ReadAt(p []byte, offset int64) (int, error) {
	if o.ctx.Err() != nil {
		return 0, context.Cause(o.ctx)
	}
	return o.reader.ReadAt(p, offset)
}

func (o *object) Size() int64        { return o.reader.Size() }
func (o *object) ModTime() time.Time { return o.modTime }
func (o *object) Close() error       { return nil }

// appender writes on when its object has been deleted, as one of a file system does.
type appender struct {
	ctx    context.Context //nolint:containedctx // the interface binds an appender to it
	folder *folder
	name   string
	closed bool
}

func (a *appender) Write(p []byte) (int, error) {
	a.folder.mu.Lock()
	defer a.folder.mu.Unlock()
	if err := cmp.Or(context.Cause(a.ctx), a.open()); err != nil {
		return 0, err
	}
	if found, ok := a.folder.objects[a.name]; ok {
		// Appending may move the bytes, but never changes those that a reader has.
		a.folder.objects[a.name] = content{append(found.data, p...), time.Now()}
	}
	return len(p), nil
}

func (a *appender) open() error {
	if a.closed {
		return errors.New(a.name + " is closed")
	}
	return nil
}

func (a *appender) Sync() error { return a.open() }

func (a *appender) Close() error {
	a.closed = true
	return nil
}
