package local

import (
	"context"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"strings"

	"longhaul/internal/storage"
	"longhaul/job"
)

// Store keeps objects as files.
type Store struct {
	dir string
	// root is nil when paths are not confined.
	root *os.Root
	// scratch is the folder, below each output, for objects that have no name yet.
	scratch string
}

// Confined stores below dir; no path leaves it. The scratch folder, a name below each
// output, holds objects that are being written.
func Confined(dir, scratch string) (*Store, error) {
	absolute, err := filepath.Abs(dir)
	if err != nil {
		return nil, err
	}
	root, err := os.OpenRoot(absolute)
	if err != nil {
		return nil, job.Errorf(job.KindStorage, dir, "cannot be used as the root: %w", reason(err)).
			WithHint("give a folder that exists with --root")
	}
	return &Store{dir: absolute, root: root, scratch: scratch}, nil
}

// Unconfined stores anywhere; relative paths start from dir. It is for the
// user's own machine. For the scratch folder see Confined.
func Unconfined(dir, scratch string) *Store { return &Store{dir: dir, scratch: scratch} }

// Close gives the root back.
func (s *Store) Close() error {
	if s.root == nil {
		return nil
	}
	return s.root.Close()
}

// Open opens a file for reading. Its error names the file and, if the file is
// missing, a folder or outside the root, is permanent.
func (s *Store) Open(ctx context.Context, uri string) (storage.Object, error) {
	if ctx.Err() != nil {
		return nil, context.Cause(ctx)
	}
	name, err := s.resolve(uri)
	if err != nil {
		return nil, err
	}
	var f *os.File
	if s.root != nil {
		f, err = s.root.Open(name)
	} else {
		f, err = os.Open(name)
	}
	if err != nil {
		return nil, s.inputError(uri, err)
	}
	o, err := newFile(ctx, f)
	if err != nil {
		return nil, s.inputError(uri, err)
	}
	return o, nil
}

// Folder opens the folder for reading and writing. With create, it is made if
// missing, parents too; without, a missing folder is fs.ErrNotExist.
func (s *Store) Folder(ctx context.Context, uri string, create bool) (storage.Folder, error) {
	if ctx.Err() != nil {
		return nil, context.Cause(ctx)
	}
	name, err := s.resolve(uri)
	if err != nil {
		return nil, err
	}
	root, err := s.openFolder(name, create)
	if err != nil {
		if errors.Is(err, fs.ErrNotExist) && !create {
			return nil, fmt.Errorf("%s: %w", uri, fs.ErrNotExist)
		}
		return nil, s.outputError(uri, err)
	}
	return &folder{uri: uri, root: root, dirs: rootDirs(root), scratch: s.scratch}, nil
}

func (s *Store) openFolder(name string, create bool) (*os.Root, error) {
	dirs, open := systemDirs(), os.OpenRoot
	if s.root != nil {
		dirs, open = rootDirs(s.root), s.root.OpenRoot
	}
	if create {
		if err := dirs.make(name); err != nil {
			return nil, err
		}
	}
	return open(name)
}

// resolve turns a URI into a path for os (unconfined) or os.Root (confined).
func (s *Store) resolve(uri string) (string, error) {
	if scheme, rest, ok := strings.Cut(uri, "://"); ok {
		if scheme != "file" {
			return "", job.Errorf(job.KindSpec, uri, "storage of kind %q is not supported", scheme).WithHint("use a path")
		}
		uri = rest
	}
	if s.root != nil {
		if filepath.IsAbs(uri) {
			rel, err := filepath.Rel(s.dir, uri)
			if err != nil || !filepath.IsLocal(rel) {
				return "", s.escapes(uri)
			}
			uri = rel
		}
		if !filepath.IsLocal(uri) {
			return "", s.escapes(uri)
		}
		return filepath.Clean(uri), nil
	}
	if filepath.IsAbs(uri) {
		return filepath.Clean(uri), nil
	}
	return filepath.Join(s.dir, uri), nil
}

func (s *Store) escapes(uri string) error {
	return job.Errorf(job.KindSpec, uri, "the path leaves the worker's root").
		WithHint("give a path below the worker's --root, and no symbolic link that leads out of it")
}

func (s *Store) inputError(uri string, err error) error {
	switch {
	case isEscape(err):
		return s.escapes(uri)
	case errors.Is(err, fs.ErrNotExist):
		missing := job.Errorf(job.KindInput, uri, "there is no such file")
		if filepath.IsAbs(uri) {
			return missing
		}
		return missing.WithHint("relative paths start from %s", s.base())
	case errors.Is(err, errIsFolder):
		return job.Errorf(job.KindInput, uri, "is a folder").WithHint("name a file")
	case errors.Is(err, fs.ErrPermission):
		return job.Errorf(job.KindInput, uri, "permission denied").WithHint("let the worker's user read it")
	}
	return job.Errorf(job.KindStorage, uri, "%w", reason(err))
}

func (s *Store) outputError(uri string, err error) error {
	switch {
	case isEscape(err):
		return s.escapes(uri)
	case errors.Is(err, fs.ErrExist) || isNotFolder(err):
		return job.Errorf(job.KindOutput, uri, "is not a folder").WithHint("name a folder as output.uri")
	case errors.Is(err, fs.ErrPermission):
		return job.Errorf(job.KindOutput, uri, "permission denied").WithHint("let the worker's user write there")
	}
	return job.Errorf(job.KindStorage, uri, "%w", reason(err))
}

func (s *Store) base() string {
	if s.root != nil {
		return "the worker's --root"
	}
	if absolute, err := filepath.Abs(s.dir); err == nil {
		return absolute
	}
	return s.dir
}
