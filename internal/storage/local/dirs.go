package local

import (
	"errors"
	"io/fs"
	"os"
	"path"
)

// dirs makes and syncs folders: those of the system, or below a root.
type dirs struct {
	mkdir func(name string, mode fs.FileMode) error
	open  func(name string) (*os.File, error)
	// sync is that of a file or folder; tests see what is synced.
	sync func(*os.File) error
}

func systemDirs() dirs { return dirs{os.Mkdir, os.Open, (*os.File).Sync} }

func rootDirs(root *os.Root) dirs { return dirs{root.Mkdir, root.Open, (*os.File).Sync} }

// make makes a folder with its parents. A new one is synced in its parent: a folder
// whose name is lost takes all with it.
func (d dirs) make(dir string) error {
	parent := path.Dir(dir)
	if dir == parent {
		return nil
	}
	err := d.mkdir(dir, 0o755)
	switch {
	case errors.Is(err, fs.ErrNotExist):
		if err := d.make(parent); err != nil {
			return err
		}
		return d.make(dir)
	case errors.Is(err, fs.ErrExist):
		return nil
	case err != nil:
		return err
	}
	return d.syncDir(parent)
}

func (d dirs) syncDir(dir string) error {
	opened, err := d.open(dir)
	if err != nil {
		return err
	}
	return errors.Join(d.sync(opened), opened.Close())
}
