package storage

import (
	"errors"
	"io"
	"io/fs"
	"os"
	"path"

	"github.com/google/uuid"

	"longhaul/job"
)

// Appender is a journal being written. Sync makes all that was written before
// survive a power cut.
type Appender = interface {
	io.WriteCloser
	Sync() error
}

// unfinishedDir is where objects are written before they get their name: on the
// same file system, and never among what belongs to others.
const unfinishedDir = "_longhaul/unfinished"

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
	return f.put(name, write, f.root.Rename)
}

// PutIfAbsent is Put, but fails with fs.ErrExist if there is an object already.
func (f *Folder) PutIfAbsent(name string, write func(io.Writer) error) error {
	if _, err := f.root.Lstat(name); err == nil {
		return f.fail(name, fs.ErrExist)
	}
	// A link, unlike a rename, does not replace.
	return f.put(name, write, f.root.Link)
}

// put writes, syncs and closes an unfinished object, gives it its name, and
// syncs the folder.
func (f *Folder) put(name string, write func(io.Writer) error, rename func(from, to string) error) error {
	temporary := path.Join(unfinishedDir, uuid.NewString())
	err := errors.Join(f.root.MkdirAll(unfinishedDir, 0o755), f.root.MkdirAll(path.Dir(name), 0o755))
	if err != nil {
		return f.fail(name, err)
	}
	err = f.writeSynced(temporary, write)
	if err == nil {
		err = rename(temporary, name)
	}
	// After a rename there is nothing left to delete.
	if err := errors.Join(err, f.Delete(temporary)); err != nil {
		return f.fail(name, err)
	}
	return f.syncDir(path.Dir(name))
}

func (f *Folder) writeSynced(name string, write func(io.Writer) error) error {
	file, err := f.root.OpenFile(name, os.O_CREATE|os.O_EXCL|os.O_WRONLY, 0o644)
	if err != nil {
		return err
	}
	err = write(file)
	if err == nil {
		err = file.Sync()
	}
	return errors.Join(err, file.Close())
}

// List returns the names directly below a folder, in order, without folders;
// none if the folder is missing.
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
		if !entry.IsDir() {
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

// Sweep deletes what a killed process left half written. A put that is under
// way elsewhere fails.
func (f *Folder) Sweep() error {
	names, err := f.List(unfinishedDir)
	if err != nil {
		return err
	}
	return f.Delete(names...)
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

// fail keeps errors of our own, and fs.ErrNotExist and fs.ErrExist visible. A
// link out of the root and a missing permission do not pass by themselves.
func (f *Folder) fail(name string, err error) error {
	var ours *job.Error
	if errors.As(err, &ours) {
		return err
	}
	failure := &job.Error{Op: path.Join(f.uri, name), Kind: job.KindStorage, Err: reason(err)}
	switch {
	case isEscape(err):
		failure.Kind = job.KindOutput
		return failure.WithHint("a symbolic link there leads out of the worker's root")
	case errors.Is(err, fs.ErrPermission):
		failure.Kind = job.KindOutput
		return failure.WithHint("let the worker's user write there")
	}
	return failure
}
