package storage

import (
	"errors"
	"fmt"
	"io"
	"io/fs"
	"os"
	"path/filepath"
	"strings"
	"time"

	"longhaul/job"
)

// Object is an open object: reads at any offset, and what it was when opened.
// It is an alias of an interface literal, so that consumers can declare the
// same without importing this package.
type Object = interface {
	io.ReaderAt
	io.Closer
	Size() int64
	ModTime() time.Time
}

// Local stores objects as files.
type Local struct {
	dir string
	// root is nil when paths are not confined.
	root *os.Root
}

// Confined stores below dir; no path leaves it.
func Confined(dir string) (*Local, error) {
	absolute, err := filepath.Abs(dir)
	if err != nil {
		return nil, err
	}
	root, err := os.OpenRoot(absolute)
	if err != nil {
		return nil, job.Errorf(job.KindStorage, dir, "cannot be used as the root: %w", reason(err)).
			WithHint("give a folder that exists with --root")
	}
	return &Local{dir: absolute, root: root}, nil
}

// Unconfined stores anywhere; relative paths start from dir. It is for the
// user's own machine.
func Unconfined(dir string) *Local { return &Local{dir: dir} }

// Close gives the root back.
func (l *Local) Close() error {
	if l.root == nil {
		return nil
	}
	return l.root.Close()
}

// Open opens a file for reading. Its error names the file and, if the file is
// missing, a folder or outside the root, is permanent.
func (l *Local) Open(uri string) (Object, error) {
	name, err := l.resolve(uri)
	if err != nil {
		return nil, err
	}
	var f *os.File
	if l.root != nil {
		f, err = l.root.Open(name)
	} else {
		f, err = os.Open(name)
	}
	if err != nil {
		return nil, l.inputError(uri, err)
	}
	o, err := newFile(f)
	if err != nil {
		return nil, l.inputError(uri, err)
	}
	return o, nil
}

// Folder opens the folder for reading and writing. With create, it is made if
// missing, parents too; without, a missing folder is fs.ErrNotExist.
func (l *Local) Folder(uri string, create bool) (*Folder, error) {
	name, err := l.resolve(uri)
	if err != nil {
		return nil, err
	}
	root, err := l.openFolder(name, create)
	if err != nil {
		if errors.Is(err, fs.ErrNotExist) && !create {
			return nil, fmt.Errorf("%s: %w", uri, fs.ErrNotExist)
		}
		return nil, l.outputError(uri, err)
	}
	return &Folder{uri: uri, root: root}, nil
}

func (l *Local) openFolder(name string, create bool) (*os.Root, error) {
	if l.root == nil {
		if create {
			if err := os.MkdirAll(name, 0o755); err != nil {
				return nil, err
			}
		}
		return os.OpenRoot(name)
	}
	if create && name != "." {
		if err := l.root.MkdirAll(name, 0o755); err != nil {
			return nil, err
		}
	}
	return l.root.OpenRoot(name)
}

// resolve turns a URI into a path for os (unconfined) or os.Root (confined).
func (l *Local) resolve(uri string) (string, error) {
	if scheme, rest, ok := strings.Cut(uri, "://"); ok {
		if scheme != "file" {
			return "", job.Errorf(job.KindSpec, uri, "storage of kind %q is not supported", scheme).WithHint("use a path")
		}
		uri = rest
	}
	if l.root != nil {
		if filepath.IsAbs(uri) {
			rel, err := filepath.Rel(l.dir, uri)
			if err != nil || !filepath.IsLocal(rel) {
				return "", l.escapes(uri)
			}
			uri = rel
		}
		if !filepath.IsLocal(uri) {
			return "", l.escapes(uri)
		}
		return filepath.Clean(uri), nil
	}
	if filepath.IsAbs(uri) {
		return filepath.Clean(uri), nil
	}
	return filepath.Join(l.dir, uri), nil
}

func (l *Local) escapes(uri string) error {
	return job.Errorf(job.KindSpec, uri, "the path leaves the worker's root").
		WithHint("give a path below the worker's --root, and no symbolic link that leads out of it")
}

func (l *Local) inputError(uri string, err error) error {
	switch {
	case isEscape(err):
		return l.escapes(uri)
	case errors.Is(err, fs.ErrNotExist):
		missing := job.Errorf(job.KindInput, uri, "there is no such file")
		if filepath.IsAbs(uri) {
			return missing
		}
		return missing.WithHint("relative paths start from %s", l.base())
	case errors.Is(err, errIsFolder):
		return job.Errorf(job.KindInput, uri, "is a folder").WithHint("name a file")
	case errors.Is(err, fs.ErrPermission):
		return job.Errorf(job.KindInput, uri, "permission denied").WithHint("let the worker's user read it")
	}
	return job.Errorf(job.KindStorage, uri, "%w", reason(err))
}

func (l *Local) outputError(uri string, err error) error {
	switch {
	case isEscape(err):
		return l.escapes(uri)
	case errors.Is(err, fs.ErrExist) || isNotFolder(err):
		return job.Errorf(job.KindOutput, uri, "is not a folder").WithHint("name a folder as output.uri")
	case errors.Is(err, fs.ErrPermission):
		return job.Errorf(job.KindOutput, uri, "permission denied").WithHint("let the worker's user write there")
	}
	return job.Errorf(job.KindStorage, uri, "%w", reason(err))
}

func (l *Local) base() string {
	if l.root != nil {
		return "the worker's --root"
	}
	if absolute, err := filepath.Abs(l.dir); err == nil {
		return absolute
	}
	return l.dir
}
