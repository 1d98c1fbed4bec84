package storage

import (
	"errors"
	"fmt"
	"io"
	"io/fs"
	"os"
	"path"
	"strings"

	"github.com/google/renameio/v2"
	"github.com/google/uuid"

	"longhaul/job"
)

// Appender is a journal being written. Sync makes all that was written before
// survive a power cut.
type Appender = interface {
	io.WriteCloser
	Sync() error
}

// unfinished begins the name of an object that is being written.
const unfinished = "."

// Folder is one output folder. Names are slash-separated paths below it.
type Folder struct {
	uri  string
	root *os.Root
}

// Close gives the folder back.
func (f *Folder) Close() error { return f.root.Close() }

// Open opens an object; fs.ErrNotExist if there is none.
func (f *Folder) Open(name string) (Object, error) {
	opened, err := f.root.Open(name)
	if err != nil {
		return nil, f.fail(name, err)
	}
	o, err := newFile(opened)
	if err != nil {
		return nil, f.fail(name, err)
	}
	return o, nil
}

// Append opens a new journal for writing. One that is there already is
// fs.ErrExist: its last line may be torn.
func (f *Folder) Append(name string) (Appender, error) {
	if err := f.root.MkdirAll(path.Dir(name), 0o755); err != nil {
		return nil, f.fail(name, err)
	}
	opened, err := f.root.OpenFile(name, os.O_CREATE|os.O_EXCL|os.O_WRONLY|os.O_APPEND, 0o644)
	if err != nil {
		return nil, f.fail(name, err)
	}
	return &appender{File: opened, folder: f, dir: path.Dir(name)}, nil
}

// Put writes a whole object, replacing what is there: readers see the old one
// or the new one, never a half.
func (f *Folder) Put(name string, write func(io.Writer) error) error {
	dir := path.Dir(name)
	if err := f.root.MkdirAll(dir, 0o755); err != nil {
		return f.fail(name, err)
	}
	pending, err := renameio.NewPendingFile(name, renameio.WithRoot(f.root), renameio.WithPermissions(0o644))
	if err != nil {
		return f.fail(name, err)
	}
	err = write(pending)
	if err == nil {
		err = pending.CloseAtomicallyReplace()
	}
	if err != nil {
		return errors.Join(f.fail(name, err), pending.Cleanup())
	}
	return f.syncDir(dir)
}

// PutIfAbsent is Put, but fails with fs.ErrExist if there is an object already.
func (f *Folder) PutIfAbsent(name string, write func(io.Writer) error) error {
	if _, err := f.root.Lstat(name); err == nil {
		return f.fail(name, fs.ErrExist)
	}
	complete := path.Join(path.Dir(name), unfinished+path.Base(name)+"."+uuid.NewString())
	if err := f.Put(complete, write); err != nil {
		return err
	}
	// A link, unlike a rename, does not replace.
	err := f.root.Link(complete, name)
	if err := errors.Join(err, f.root.Remove(complete)); err != nil {
		return f.fail(name, err)
	}
	return f.syncDir(path.Dir(name))
}

// List returns the names directly below a folder, in order, without folders
// and unfinished objects; none if the folder is missing.
func (f *Folder) List(dir string) ([]string, error) {
	entries, err := fs.ReadDir(f.root.FS(), path.Clean(dir))
	if errors.Is(err, fs.ErrNotExist) {
		return nil, nil
	}
	if err != nil {
		return nil, f.fail(dir, err)
	}
	names := make([]string, 0, len(entries))
	for _, entry := range entries {
		if !entry.IsDir() && !strings.HasPrefix(entry.Name(), unfinished) {
			names = append(names, path.Join(dir, entry.Name()))
		}
	}
	return names, nil
}

// Delete removes objects; missing ones are fine.
func (f *Folder) Delete(names ...string) error {
	for _, name := range names {
		if err := f.root.Remove(name); err != nil && !errors.Is(err, fs.ErrNotExist) {
			return f.fail(name, err)
		}
	}
	return nil
}

// Sweep deletes what a killed process left half written, if match accepts the
// name that it was to have.
func (f *Folder) Sweep(match func(name string) bool) error {
	entries, err := fs.ReadDir(f.root.FS(), ".")
	if err != nil {
		return f.fail("", err)
	}
	for _, entry := range entries {
		// renameio adds digits to the name.
		name := strings.TrimRight(strings.TrimLeft(entry.Name(), unfinished), "0123456789")
		if strings.HasPrefix(entry.Name(), unfinished) && entry.Type().IsRegular() && match(name) {
			if err := f.Delete(entry.Name()); err != nil {
				return err
			}
		}
	}
	return nil
}

func (f *Folder) syncDir(dir string) error {
	opened, err := f.root.Open(dir)
	if err != nil {
		return f.fail(dir, err)
	}
	if err := errors.Join(opened.Sync(), opened.Close()); err != nil {
		return f.fail(dir, err)
	}
	return nil
}

// fail keeps errors of our own, and fs.ErrNotExist and fs.ErrExist visible.
func (f *Folder) fail(name string, err error) error {
	var ours *job.Error
	if errors.As(err, &ours) {
		return err
	}
	return &job.Error{Op: path.Join(f.uri, name), Kind: job.KindStorage, Err: fmt.Errorf("%w", reason(err))}
}
