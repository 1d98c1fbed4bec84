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
	folders map[string]*objects
}

type content struct {
	data    []byte
	modTime time.Time
}

// New is empty.
func New() *Store {
	return &Store{inputs: map[string]content{}, folders: map[string]*objects{}}
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
		found = &objects{content: map[string]content{}, tokens: map[storage.Token]bool{}, attempts: map[attempt]int{}}
		s.folders[uri] = found
	}
	return &folder{objects: found, uri: uri}, nil
}

// Close does nothing.
func (s *Store) Close() error { return nil }

// objects are shared by all who have opened their folder.
type objects struct {
	mu      sync.Mutex
	content map[string]content
	// tokens are those that may write.
	tokens map[storage.Token]bool
	// attempts counts the attempts at a step.
	attempts map[attempt]int
}

// attempt is a step under a token; the zero token is of writes without one.
type attempt struct {
	token storage.Token
	step  string
}

// folder writes with its token, if it has one.
type folder struct {
	*objects
	uri   string
	token *storage.Token
	// step is what the folder is an attempt at, the number-th one; empty if it is none.
	step   string
	number int
}

func (f *folder) Open(ctx context.Context, name string) (storage.Object, error) {
	f.mu.Lock()
	defer f.mu.Unlock()
	if ctx.Err() != nil {
		return nil, context.Cause(ctx)
	}
	found, ok := f.content[name]
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
	if err := f.revoked(); err != nil {
		return err
	}
	if _, ok := f.content[name]; ok && ifAbsent {
		return &job.Error{Op: name, Kind: job.KindStorage, Err: fs.ErrExist}
	}
	f.content[name] = content{data, time.Now()}
	return nil
}

func (f *folder) List(ctx context.Context, prefix string) ([]storage.Entry, error) {
	f.mu.Lock()
	defer f.mu.Unlock()
	if ctx.Err() != nil {
		return nil, context.Cause(ctx)
	}
	var entries []storage.Entry
	for _, name := range slices.Sorted(maps.Keys(f.content)) {
		if strings.HasPrefix(name, prefix) {
			entries = append(entries, storage.Entry{Name: name, Size: int64(len(f.content[name].data))})
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
		if _, ok := f.content[name]; !ok {
			continue
		}
		if err := f.revoked(); err != nil {
			return err
		}
		delete(f.content, name)
	}
	return nil
}

// Sync has nothing to do but to look: there is no power cut.
func (f *folder) Sync(ctx context.Context, name string) error {
	object, err := f.Open(ctx, name)
	if err != nil {
		return err
	}
	return object.Close()
}

// Fenced is the folder for the holder of the token.
func (f *folder) Fenced(token storage.Token) storage.Folder {
	return &folder{objects: f.objects, uri: f.uri, token: &token}
}

// Fence lets the token write, and revokes those of lower epochs.
func (f *folder) Fence(ctx context.Context, token storage.Token) error {
	f.mu.Lock()
	defer f.mu.Unlock()
	if ctx.Err() != nil {
		return context.Cause(ctx)
	}
	maps.DeleteFunc(f.tokens, func(other storage.Token, _ bool) bool { return other.Epoch < token.Epoch })
	f.tokens[token] = true
	return nil
}

// Revoke ends the writes with the token.
func (f *folder) Revoke(ctx context.Context, token storage.Token) error {
	f.mu.Lock()
	defer f.mu.Unlock()
	if ctx.Err() != nil {
		return context.Cause(ctx)
	}
	delete(f.tokens, token)
	return nil
}

// Attempt makes an attempt at a step.
func (f *folder) Attempt(ctx context.Context, step string, work func(storage.Folder) error) error {
	begun, err := f.begin(ctx, step)
	if err != nil {
		return err
	}
	return work(begun)
}

func (f *folder) begin(ctx context.Context, step string) (*folder, error) {
	f.mu.Lock()
	defer f.mu.Unlock()
	if ctx.Err() != nil {
		return nil, context.Cause(ctx)
	}
	if err := f.revoked(); err != nil {
		return nil, err
	}
	begun := *f
	begun.step = step
	f.attempts[begun.attempt()]++
	begun.number = f.attempts[begun.attempt()]
	return &begun, nil
}

func (f *folder) attempt() attempt {
	if f.token == nil {
		return attempt{step: f.step}
	}
	return attempt{*f.token, f.step}
}

// revoked is why the folder writes nothing any more; nil if it does. It is called with
// the lock.
func (f *folder) revoked() error {
	if f.token != nil && !f.tokens[*f.token] {
		return storage.Revoked(f.uri)
	}
	if f.step != "" && f.attempts[f.attempt()] != f.number {
		return storage.Superseded(f.uri, f.step)
	}
	return nil
}

func (f *folder) Close() error { return nil }
func (f *folder) URI() string  { return f.uri }

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
	if found, ok := a.folder.content[a.name]; ok {
		// Appending may move the bytes, but never changes those that a reader has.
		a.folder.content[a.name] = content{append(found.data, p...), time.Now()}
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
