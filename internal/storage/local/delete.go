package local

import (
	"context"
	"errors"
	"io/fs"
	"path"

	"github.com/google/uuid"
)

func (f *folder) Delete(ctx context.Context, names ...string) error {
	deleted := map[string]bool{}
	for _, name := range names {
		if ctx.Err() != nil {
			return context.Cause(ctx)
		}
		found, err := f.remove(name)
		if err != nil {
			return err
		}
		deleted[path.Dir(name)] = deleted[path.Dir(name)] || found
	}
	for dir, found := range deleted {
		if !found {
			continue
		}
		if err := f.syncDir(dir); err != nil {
			return err
		}
		if dir != "." {
			_ = f.root.Remove(dir) // if it is empty: very many would be left
		}
	}
	return nil
}

// remove deletes an object, and says whether there was one. For a holder it is moved
// away first: that fails, in one step, if the token was revoked.
func (f *folder) remove(name string) (found bool, err error) {
	if f.holder == "" {
		err = f.root.Remove(name)
	} else {
		temporary := path.Join(f.holder, uuid.NewString())
		if err = f.root.Rename(name, temporary); err == nil {
			err = f.discard(temporary)
		}
	}
	if err == nil {
		return true, nil
	}
	if errors.Is(err, fs.ErrNotExist) {
		if _, err := f.root.Lstat(name); errors.Is(err, fs.ErrNotExist) {
			return false, nil
		}
	}
	return false, f.failWrite(name, err)
}

// discard deletes an object that has no name; others may have done so.
func (f *folder) discard(temporary string) error {
	if err := f.root.Remove(temporary); err != nil && !errors.Is(err, fs.ErrNotExist) {
		return err
	}
	return nil
}
