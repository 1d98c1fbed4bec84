package local

import (
	"context"
	"errors"
	"io"
	"io/fs"
	"os"
	"path"

	"github.com/google/uuid"

	"longhaul/internal/storage"
	"longhaul/job"
)

// folder is one output folder.
type folder struct {
	uri  string
	root *os.Root
	// scratch is where objects are written before they get their name: on the same
	// file system, and never among what belongs to others.
	scratch string
}

func (f *folder) URI() string  { return f.uri }
func (f *folder) Close() error { return f.root.Close() }

func (f *folder) Open(ctx context.Context, name string) (storage.Object, error) {
	if ctx.Err() != nil {
		return nil, context.Cause(ctx)
	}
	opened, err := f.root.Open(name)
	if err != nil {
		return nil, f.fail(name, err)
	}
	o, err := newFile(ctx, opened)
	if err != nil {
		return nil, f.fail(name, err)
	}
	return o, nil
}

func (f *folder) Append(ctx context.Context, name string) (storage.Appender, error) {
	if ctx.Err() != nil {
		return nil, context.Cause(ctx)
	}
	if err := f.root.MkdirAll(path.Dir(name), 0o755); err != nil {
		return nil, f.fail(name, err)
	}
	opened, err := f.root.OpenFile(name, os.O_CREATE|os.O_EXCL|os.O_WRONLY|os.O_APPEND, 0o644)
	if err != nil {
		return nil, f.fail(name, err)
	}
	return &appender{ctx: ctx, file: opened, folder: f, dir: path.Dir(name)}, nil
}

func (f *folder) Put(ctx context.Context, name string, write func(io.Writer) error) error {
	return f.put(ctx, name, write, f.root.Rename)
}

func (f *folder) PutIfAbsent(ctx context.Context, name string, write func(io.Writer) error) error {
	if _, err := f.root.Lstat(name); err == nil {
		return f.fail(name, fs.ErrExist)
	}
	// A link, unlike a rename, does not replace.
	return f.put(ctx, name, write, f.root.Link)
}

// put writes, syncs and closes an unfinished object, gives it its name, and
// syncs the folder.
func (f *folder) put(ctx context.Context, name string, write func(io.Writer) error, rename func(from, to string) error) error {
	if ctx.Err() != nil {
		return context.Cause(ctx)
	}
	temporary := path.Join(f.scratch, uuid.NewString())
	err := errors.Join(f.root.MkdirAll(f.scratch, 0o755), f.root.MkdirAll(path.Dir(name), 0o755))
	if err != nil {
		return f.fail(name, err)
	}
	err = f.writeSynced(ctx, temporary, write)
	if err == nil {
		err = rename(temporary, name)
	}
	// After a rename there is nothing left to delete.
	if err := errors.Join(err, f.remove(temporary)); err != nil {
		return f.fail(name, err)
	}
	return f.syncDir(path.Dir(name))
}

func (f *folder) writeSynced(ctx context.Context, name string, write func(io.Writer) error) error {
	file, err := f.root.OpenFile(name, os.O_CREATE|os.O_EXCL|os.O_WRONLY, 0o644)
	if err != nil {
		return err
	}
	err = write(boundWriter{ctx, file})
	if err == nil {
		err = file.Sync()
	}
	return errors.Join(err, file.Close())
}

func (f *folder) Delete(ctx context.Context, names ...string) error {
	for _, name := range names {
		if ctx.Err() != nil {
			return context.Cause(ctx)
		}
		if err := f.remove(name); err != nil {
			return err
		}
	}
	return nil
}

func (f *folder) remove(name string) error {
	if err := f.root.Remove(name); err != nil && !errors.Is(err, fs.ErrNotExist) {
		return f.fail(name, err)
	}
	return nil
}

func (f *folder) Sweep(ctx context.Context) error {
	entries, err := f.List(ctx, f.scratch+"/")
	if err != nil {
		return err
	}
	for _, entry := range entries {
		if err := f.remove(entry.Name); err != nil {
			return err
		}
	}
	return nil
}

func (f *folder) syncDir(dir string) error {
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
func (f *folder) fail(name string, err error) error {
	var ours *job.Error
	if errors.As(err, &ours) || errors.Is(err, context.Canceled) || errors.Is(err, context.DeadlineExceeded) {
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
