package local

import (
	"context"
	"errors"
	"fmt"
	"io/fs"
	"path"
	"strconv"
	"strings"
	"time"

	"github.com/google/uuid"

	"longhaul/internal/storage"
)

// A token is a folder in the scratch folder. All writes of its holder begin or end there:
// a put moves an object out of it, a delete moves one into it. Each is one step of the
// file system, and fails when the folder is gone. So a process that was stopped between
// any two steps can change nothing after its token was revoked.

// leftFor is how long a half-written object that belongs to no token may have been left:
// the writes of others last less.
const leftFor = time.Hour

const revokedPrefix = "revoked-"

func (f *folder) nameOf(token storage.Token) string {
	return path.Join(f.scratch, fmt.Sprintf("%06d.%s", token.Epoch, token.ID))
}

// epochOf is that of a token's folder; false if it is not one.
func epochOf(name string) (epoch int64, ok bool) {
	digits, _, found := strings.Cut(path.Base(name), ".")
	epoch, err := strconv.ParseInt(digits, 10, 64)
	return epoch, found && err == nil
}

func (f *folder) Fenced(token storage.Token) storage.Folder {
	fenced := *f
	fenced.holder = f.nameOf(token)
	return &fenced
}

func (f *folder) Fence(ctx context.Context, token storage.Token) error {
	own := f.nameOf(token)
	if err := f.dirs.make(own); err != nil {
		return f.fail(own, err)
	}
	entries, err := fs.ReadDir(f.root.FS(), f.scratch)
	if err != nil {
		return f.fail(f.scratch, err)
	}
	for _, entry := range entries {
		if ctx.Err() != nil {
			return context.Cause(ctx)
		}
		name := path.Join(f.scratch, entry.Name())
		if name == own {
			continue
		}
		if err := f.endOlder(name, entry, token.Epoch); err != nil {
			return f.fail(name, err)
		}
	}
	return nil
}

// endOlder revokes the token of a lower epoch, and removes what was left half written.
func (f *folder) endOlder(name string, entry fs.DirEntry, below int64) error {
	if !entry.IsDir() {
		info, err := entry.Info()
		if errors.Is(err, fs.ErrNotExist) || err == nil && time.Since(info.ModTime()) < leftFor {
			return nil
		}
		return errors.Join(err, f.discard(name))
	}
	epoch, isToken := epochOf(name)
	switch {
	case isToken && epoch < below:
		return f.revoke(name)
	case strings.HasPrefix(entry.Name(), revokedPrefix): // a revocation was killed
		return f.root.RemoveAll(name)
	}
	return nil
}

func (f *folder) Revoke(ctx context.Context, token storage.Token) error {
	if ctx.Err() != nil {
		return context.Cause(ctx)
	}
	if err := f.revoke(f.nameOf(token)); err != nil {
		return f.fail(f.nameOf(token), err)
	}
	return nil
}

// revoke moves a token's folder away, so that no path leads there, and deletes it: who
// has it open cannot use it any more either.
func (f *folder) revoke(name string) error {
	away := path.Join(f.scratch, revokedPrefix+uuid.NewString())
	err := f.root.Rename(name, away)
	if errors.Is(err, fs.ErrNotExist) {
		return nil
	}
	if err != nil {
		return err
	}
	return f.root.RemoveAll(away)
}

// failWrite is fail, but knows a revocation.
func (f *folder) failWrite(name string, err error) error {
	if f.holder == "" || !errors.Is(err, fs.ErrNotExist) || f.isThere(f.holder) {
		return f.fail(name, err)
	}
	if f.step != "" && f.isThere(path.Dir(f.holder)) {
		return storage.Superseded(f.uri, f.step)
	}
	return storage.Revoked(f.uri)
}

func (f *folder) isThere(name string) bool {
	_, err := f.root.Lstat(name)
	return !errors.Is(err, fs.ErrNotExist)
}
