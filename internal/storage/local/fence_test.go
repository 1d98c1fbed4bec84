package local

import (
	"io"
	"io/fs"
	"os"
	"path/filepath"
	"strings"
	"sync"
	"testing"

	"github.com/stretchr/testify/require"

	"longhaul/internal/storage"
	"longhaul/job"
)

// fenced is an output folder, and its view for the holder of a token.
func fenced(t *testing.T) (dir string, opened, holder *folder) {
	t.Helper()
	dir = t.TempDir()
	f, err := Unconfined(dir, scratch).Folder(t.Context(), ".", true)
	require.NoError(t, err)
	t.Cleanup(func() { require.NoError(t, f.Close()) })
	token := storage.Token{Epoch: 1, ID: "a"}
	require.NoError(t, f.Fence(t.Context(), token))
	return dir, f.(*folder), f.Fenced(token).(*folder)
}

// A folder of the token that is in use is taken away in one step: who goes on writing into
// it cannot keep it where it is.
func TestARevocationIsOneStep(t *testing.T) {
	t.Parallel()
	for range 30 {
		dir, f, holder := fenced(t)
		var writers sync.WaitGroup
		began := make(chan struct{}, 4)
		for range 4 {
			writers.Go(func() {
				for i := 0; ; i++ {
					name, err := holder.prepare("x")
					if err == nil {
						err = f.root.WriteFile(name, nil, 0o644)
					}
					if i == 0 {
						began <- struct{}{}
					}
					if err != nil {
						return
					}
				}
			})
		}
		for range 4 {
			<-began
		}
		_ = f.revoke(holder.holder) // a write that has begun may keep what was moved away
		require.NoDirExists(t, filepath.Join(dir, holder.holder))
		writers.Wait()
	}
}

// A write whose folder is gone makes it anew, and one that is bound to no token is never
// revoked.
func TestWhatElseIsGoneIsNoRevocation(t *testing.T) {
	t.Parallel()
	dir, f, holder := fenced(t)
	gone := func(name string) func(io.Writer) error {
		return func(w io.Writer) error {
			_, err := io.WriteString(w, "x")
			require.NoError(t, os.RemoveAll(filepath.Join(dir, name)))
			return err
		}
	}
	require.NoError(t, holder.Put(t.Context(), "sub/x", gone("sub")))
	require.FileExists(t, filepath.Join(dir, "sub/x"))
	err := f.Put(t.Context(), "x", gone(scratch))
	require.Equal(t, job.KindStorage, job.KindOf(err), "%v", err)
	require.ErrorIs(t, err, fs.ErrNotExist)
}

// What was deleted under a token is not kept in the folder of the token.
func TestADeletionLeavesNothing(t *testing.T) {
	t.Parallel()
	dir, _, holder := fenced(t)
	require.NoError(t, holder.Put(t.Context(), "x", text("x")))
	require.NoError(t, holder.Delete(t.Context(), "x"))
	left, err := os.ReadDir(filepath.Join(dir, holder.holder))
	require.NoError(t, err)
	require.Empty(t, left)
}

// goneEntry is an object that was removed after it was listed.
type goneEntry struct{ fs.DirEntry }

func (goneEntry) IsDir() bool                { return false }
func (goneEntry) Info() (fs.FileInfo, error) { return nil, fs.ErrNotExist }

// A fence runs while others write: what is gone when it looks is no error.
func TestAFenceLooksAtWhatIsGone(t *testing.T) {
	t.Parallel()
	_, f, _ := fenced(t)
	require.NoError(t, f.endOlder(scratch+"/half", goneEntry{}, 2))
}

// Only folders that are named as those of tokens are.
func TestEpochsOfTokens(t *testing.T) {
	t.Parallel()
	for name, want := range map[string]bool{"000001.a": true, "1000000.a": true, "000001": false, "x.a": false, "notes": false} {
		epoch, isToken := epochOf(scratch + "/" + name)
		require.Equal(t, want, isToken, name)
		require.Equal(t, want, isToken && epoch > 0, name)
	}
	dir, f, _ := fenced(t)
	for _, name := range []string{"x.a", "000000"} {
		require.NoError(t, os.Mkdir(filepath.Join(dir, scratch, name), 0o755))
	}
	require.NoError(t, f.Fence(t.Context(), storage.Token{Epoch: 2, ID: "a"}))
	require.DirExists(t, filepath.Join(dir, scratch, "x.a"))
	require.DirExists(t, filepath.Join(dir, scratch, "000000"))
}

// An object is synced before it gets its name, and a sync of what was appended syncs its
// name too.
func TestObjectsAreSyncedBeforeTheirFolder(t *testing.T) {
	t.Parallel()
	_, _, holder := fenced(t)
	var synced []string
	holder.dirs.sync = func(file *os.File) error {
		synced = append(synced, file.Name())
		return file.Sync()
	}
	for _, put := range []func() error{
		func() error { return holder.Put(t.Context(), "sub/x", text("x")) },
		func() error { return holder.PutIfAbsent(t.Context(), "sub/y", text("x")) },
	} {
		synced = nil
		require.NoError(t, put())
		last := len(synced) - 1
		require.Positive(t, last)
		require.Contains(t, synced[last-1], holder.holder+"/", "the object")
		require.True(t, strings.HasSuffix(synced[last], "sub"), "%q", synced)
	}
	synced = nil
	require.NoError(t, holder.Sync(t.Context(), "sub/x"))
	require.Len(t, synced, 2)
	require.True(t, strings.HasSuffix(synced[1], "sub"), "%q", synced)
	synced = nil
	require.NoError(t, holder.Delete(t.Context(), "sub/x", "sub/none"))
	require.Len(t, synced, 1, "one of the two was there")
}
