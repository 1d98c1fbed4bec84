package local

import (
	"context"
	"errors"
	"io/fs"
	"path"
	"slices"
	"strings"

	"longhaul/internal/storage"
)

// List walks only the folders that can hold names with the prefix.
func (f *folder) List(ctx context.Context, prefix string) ([]storage.Entry, error) {
	dir, _ := path.Split(prefix)
	entries, err := f.walk(ctx, path.Clean(dir), prefix, nil)
	if err != nil {
		return nil, err
	}
	slices.SortFunc(entries, func(a, b storage.Entry) int { return strings.Compare(a.Name, b.Name) })
	return entries, nil
}

func (f *folder) walk(ctx context.Context, dir, prefix string, found []storage.Entry) ([]storage.Entry, error) {
	if ctx.Err() != nil {
		return nil, context.Cause(ctx)
	}
	children, err := fs.ReadDir(f.root.FS(), dir)
	if errors.Is(err, fs.ErrNotExist) {
		return found, nil
	}
	if err != nil {
		return nil, f.fail(dir, err)
	}
	for _, child := range children {
		name := path.Join(dir, child.Name())
		switch {
		case !strings.HasPrefix(name, prefix):
		case child.IsDir():
			if found, err = f.walk(ctx, name, prefix, found); err != nil {
				return nil, err
			}
		default:
			info, err := child.Info()
			if errors.Is(err, fs.ErrNotExist) {
				continue // deleted meanwhile
			}
			if err != nil {
				return nil, f.fail(name, err)
			}
			found = append(found, storage.Entry{Name: name, Size: info.Size()})
		}
	}
	return found, nil
}
