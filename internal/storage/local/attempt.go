package local

import (
	"context"
	"errors"
	"io/fs"
	"path"
	"strings"

	"github.com/google/uuid"

	"longhaul/internal/storage"
)

// An attempt is a folder in that of its token, and ends with it. Two that begin at the
// same moment may end each other.

func (f *folder) Attempt(ctx context.Context, step string, work func(storage.Folder) error) error {
	if ctx.Err() != nil {
		return context.Cause(ctx)
	}
	attempt := *f
	attempt.step = step
	parent := f.holder
	if parent == "" {
		parent = f.scratch
		if err := f.dirs.make(parent); err != nil {
			return f.fail(parent, err)
		}
	}
	attempt.holder = path.Join(parent, step+"."+uuid.NewString())
	// Only Fence makes the parent: who makes it again has no claim.
	if err := f.root.Mkdir(attempt.holder, 0o755); err != nil {
		return f.failWrite(attempt.holder, err)
	}
	err := attempt.endEarlier(ctx)
	if err == nil {
		err = work(&attempt)
	}
	return errors.Join(err, attempt.end())
}

// endEarlier ends all attempts at the step but this one.
func (f *folder) endEarlier(ctx context.Context) error {
	parent, own := path.Split(f.holder)
	entries, err := fs.ReadDir(f.root.FS(), path.Clean(parent))
	if err != nil {
		return f.failWrite(parent, err)
	}
	for _, entry := range entries {
		if ctx.Err() != nil {
			return context.Cause(ctx)
		}
		if entry.Name() == own || !strings.HasPrefix(entry.Name(), f.step+".") {
			continue
		}
		if err := f.revoke(path.Join(parent, entry.Name())); err != nil {
			return f.fail(entry.Name(), err)
		}
	}
	return nil
}

// end removes what the attempt has left, unless a later one has done so.
func (f *folder) end() error {
	if err := f.root.RemoveAll(f.holder); err != nil {
		return f.fail(f.holder, err)
	}
	return nil
}
