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
	dirs dirs
	// scratch is where objects are written before they get their name: on the same
	// file system, and never among what belongs to others.
	scratch string
	// holder is the folder in scratch whose holder writes here; empty for writes that are
	// bound to no token.
	holder string
	// step is what the folder is an attempt at; empty if it is none.
	step string
}

func (f *folder) URI() string { return f.uri }

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
	temporary, err := f.prepare(name)
	if err != nil {
		return nil, err
	}
	opened, err := f.root.OpenFile(temporary, os.O_CREATE|os.O_EXCL|os.O_WRONLY|os.O_APPEND, 0o644)
	if err != nil {
		return nil, f.failWrite(name, err)
	}
	if err := errors.Join(f.give(name, func() error { return f.root.Link(temporary, name) }), f.discard(temporary)); err != nil {
		return nil, errors.Join(f.failWrite(name, err), opened.Close())
	}
	return &appender{ctx: ctx, file: opened, folder: f, name: name}, nil
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
	temporary, err := f.prepare(name)
	if err != nil {
		return err
	}
	err = f.writeSynced(ctx, temporary, write)
	if err == nil {
		err = f.give(name, func() error { return rename(temporary, name) })
	}
	// After a rename there is nothing left to delete.
	if err := errors.Join(err, f.discard(temporary)); err != nil {
		return f.failWrite(name, err)
	}
	return f.syncDir(path.Dir(name))
}

// give gives an object its name. The folder for it may have been removed meanwhile,
// because it was empty.
func (f *folder) give(name string, rename func() error) error {
	err := rename()
	for tries := 0; errors.Is(err, fs.ErrNotExist) && tries < 3; tries++ {
		if err = f.dirs.make(path.Dir(name)); err == nil {
			err = rename()
		}
	}
	return err
}

// prepare makes the folder that the object will be in, and says where to write it.
func (f *folder) prepare(name string) (temporary string, err error) {
	if err := f.dirs.make(path.Dir(name)); err != nil {
		return "", f.fail(name, err)
	}
	if f.holder != "" {
		// Fence has made it; who makes it again has no claim.
		return path.Join(f.holder, uuid.NewString()), nil
	}
	if err := f.dirs.make(f.scratch); err != nil {
		return "", f.fail(name, err)
	}
	return path.Join(f.scratch, uuid.NewString()), nil
}

func (f *folder) writeSynced(ctx context.Context, name string, write func(io.Writer) error) error {
	file, err := f.root.OpenFile(name, os.O_CREATE|os.O_EXCL|os.O_WRONLY, 0o644)
	if err != nil {
		return err
	}
	err = write(boundWriter{ctx, file})
	if err == nil {
		err = f.dirs.sync(file)
	}
	return errors.Join(err, file.Close())
}

func (f *folder) Sync(ctx context.Context, name string) error {
	if ctx.Err() != nil {
		return context.Cause(ctx)
	}
	opened, err := f.root.Open(name)
	if err != nil {
		return f.fail(name, err)
	}
	if err := errors.Join(f.dirs.sync(opened), opened.Close()); err != nil {
		return f.fail(name, err)
	}
	return f.syncDir(path.Dir(name))
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

func (f *folder) syncDir(dir string) error {
	err := f.dirs.syncDir(dir)
	if err == nil || errors.Is(err, fs.ErrNotExist) { // what was there was deleted meanwhile
		return nil
	}
	return f.fail(dir, err)
}
