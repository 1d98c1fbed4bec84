package local

import (
	"errors"
	"io"
	"io/fs"
	"os"
	"path/filepath"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"longhaul/internal/storage"
	"longhaul/internal/storage/storagetest"
	"longhaul/job"
)

const scratch = "_longhaul/unfinished"

func text(s string) func(io.Writer) error {
	return func(w io.Writer) error { _, err := io.WriteString(w, s); return err }
}

func TestStore(t *testing.T) {
	t.Parallel()
	t.Run("confined", func(t *testing.T) {
		t.Parallel()
		storagetest.Run(t, func(t *testing.T) storage.Store {
			store, err := Confined(t.TempDir(), scratch)
			require.NoError(t, err)
			t.Cleanup(func() { require.NoError(t, store.Close()) })
			return store
		})
	})
	t.Run("unconfined", func(t *testing.T) {
		t.Parallel()
		storagetest.Run(t, func(t *testing.T) storage.Store { return Unconfined(t.TempDir(), scratch) })
	})
}

func TestAFenceDeletesWhatIsHalfWritten(t *testing.T) {
	t.Parallel()
	dir := t.TempDir()
	f, err := Unconfined(dir, scratch).Folder(t.Context(), ".", true)
	require.NoError(t, err)
	require.NoError(t, f.Fence(t.Context(), storage.Token{Epoch: 1, ID: "a"}))
	require.NoError(t, f.Put(t.Context(), "part-000000.jsonl", text("x")))
	old, fresh := filepath.Join(dir, scratch, "old"), filepath.Join(dir, scratch, "fresh")
	gone := []string{old, filepath.Join(dir, scratch, "000001.a", "half"), filepath.Join(dir, scratch, "revoked-x", "half")}
	require.NoError(t, os.Mkdir(filepath.Join(dir, scratch, "revoked-x"), 0o755))
	theirs := []string{".eslintrc.json", ".part-notes", ".part-000001.jsonl8231", ".env1"}
	for _, name := range append([]string{fresh, filepath.Join(dir, scratch, "000002.a"), filepath.Join(dir, scratch, "notes")}, gone...) {
		require.NoError(t, os.WriteFile(name, nil, 0o644))
	}
	for _, name := range theirs {
		require.NoError(t, os.WriteFile(filepath.Join(dir, name), nil, 0o644))
	}
	require.NoError(t, os.Remove(filepath.Join(dir, scratch, "000002.a")))
	require.NoError(t, os.Chtimes(old, time.Time{}, time.Now().Add(-2*leftFor)))
	require.NoError(t, f.Fence(t.Context(), storage.Token{Epoch: 2, ID: "a"}))
	for _, name := range gone {
		require.NoFileExists(t, name)
	}
	require.FileExists(t, fresh)
	for _, kept := range append(theirs, "part-000000.jsonl") {
		require.FileExists(t, filepath.Join(dir, kept))
	}
}

// A process that has its token's folder open already is stopped too.
func TestARevokedFolderCannotBeUsed(t *testing.T) {
	t.Parallel()
	dir := t.TempDir()
	opened, err := Unconfined(dir, scratch).Folder(t.Context(), ".", true)
	require.NoError(t, err)
	token := storage.Token{Epoch: 1, ID: "a"}
	require.NoError(t, opened.Fence(t.Context(), token))
	inside, err := os.OpenRoot(filepath.Join(dir, scratch, "000001.a"))
	require.NoError(t, err)
	require.NoError(t, inside.WriteFile("half", nil, 0o644))
	require.NoError(t, opened.Revoke(t.Context(), token))
	require.ErrorIs(t, inside.WriteFile("more", nil, 0o644), fs.ErrNotExist)
	require.ErrorIs(t, inside.Rename("half", "whole"), fs.ErrNotExist)
	require.NoError(t, errors.Join(inside.Close(), opened.Close()))
}

// All that a later step depends on survives a power cut: a new folder in its parent, a
// deletion, a journal of a process that was killed.
func TestWhatIsSynced(t *testing.T) {
	t.Parallel()
	dir := t.TempDir()
	opened, err := Unconfined(dir, scratch).Folder(t.Context(), ".", true)
	require.NoError(t, err)
	f := opened.(*folder)
	var synced []string
	f.dirs.sync = func(file *os.File) error {
		name, err := filepath.Rel(dir, file.Name())
		if err != nil { // a folder's name is relative to the root
			name = file.Name()
		}
		synced = append(synced, name)
		return file.Sync()
	}
	require.NoError(t, f.Put(t.Context(), "_longhaul/commits/000000.json", text("x")))
	require.Subset(t, synced, []string{".", "_longhaul", "_longhaul/commits"}, "%q", synced)
	for _, step := range []func() error{
		func() error { return f.Delete(t.Context(), "_longhaul/commits/000000.json") },
		func() error { return f.PutIfAbsent(t.Context(), "_longhaul/commits/000000.json", text("x")) },
	} {
		synced = nil
		require.NoError(t, step())
		require.Contains(t, synced, "_longhaul/commits")
	}
	synced = nil
	require.NoError(t, f.Delete(t.Context(), "_longhaul/commits/none"))
	require.Empty(t, synced)
	require.NoError(t, f.Sync(t.Context(), "_longhaul/commits/000000.json"))
	require.Contains(t, synced, "_longhaul/commits/000000.json")
}

func TestWhatDoesNotPassByItselfIsNotRetried(t *testing.T) {
	t.Parallel()
	root := t.TempDir()
	require.NoError(t, os.Symlink(t.TempDir(), filepath.Join(root, "_longhaul")))
	store, err := Confined(root, scratch)
	require.NoError(t, err)
	f, err := store.Folder(t.Context(), ".", true)
	require.NoError(t, err)
	err = f.Put(t.Context(), "_longhaul/job.json", text("x"))
	require.ErrorContains(t, err, "leads out of the worker's root")
	require.True(t, job.KindOf(err).Permanent())
}

func TestNoPathLeavesTheRoot(t *testing.T) {
	t.Parallel()
	outside, root := t.TempDir(), t.TempDir()
	require.NoError(t, os.WriteFile(filepath.Join(outside, "secret"), []byte("x"), 0o644))
	require.NoError(t, os.Symlink(outside, filepath.Join(root, "link")))
	require.NoError(t, os.Symlink(filepath.Join(outside, "secret"), filepath.Join(root, "file")))
	store, err := Confined(root, scratch)
	require.NoError(t, err)
	for _, uri := range []string{"../x", "a/../../x", "/etc/passwd", "link/secret", "file", "file:///etc/passwd"} {
		_, err := store.Open(t.Context(), uri)
		require.ErrorContains(t, err, "leaves the worker's root", uri)
		require.Equal(t, job.KindSpec, job.KindOf(err), uri)
	}
	for _, uri := range []string{"../x", "link", "link/new", "/tmp"} {
		_, err := store.Folder(t.Context(), uri, true)
		require.ErrorContains(t, err, "leaves the worker's root", uri)
	}
	require.NoDirExists(t, filepath.Join(outside, "new"))
	_, err = store.Folder(t.Context(), filepath.Join(root, "inside"), true)
	require.NoError(t, err, "an absolute path below the root is fine")
}

func TestAnAbsolutePathBelowARelativeRoot(t *testing.T) {
	dir := t.TempDir()
	t.Chdir(dir)
	require.NoError(t, os.WriteFile("in", nil, 0o644))
	store, err := Confined(".", scratch)
	require.NoError(t, err)
	o, err := store.Open(t.Context(), filepath.Join(dir, "in"))
	require.NoError(t, err)
	require.NoError(t, o.Close())
}

func TestWhatCannotBeOpenedIsNamed(t *testing.T) {
	t.Parallel()
	dir := t.TempDir()
	store := Unconfined(dir, scratch)
	require.NoError(t, os.WriteFile(filepath.Join(dir, "f"), nil, 0o644))
	for uri, message := range map[string]string{"none": "none: there is no such file", ".": "is a folder", "s3://bucket/x": `storage of kind "s3" is not supported`} {
		_, err := store.Open(t.Context(), uri)
		require.ErrorContains(t, err, message)
		require.True(t, job.KindOf(err).Permanent())
	}
	_, err := store.Folder(t.Context(), "f", true)
	require.ErrorContains(t, err, "f: is not a folder")
	_, err = store.Folder(t.Context(), "f/g", true)
	require.ErrorContains(t, err, "f/g: is not a folder")
	_, err = Confined(filepath.Join(dir, "none"), scratch)
	require.ErrorContains(t, err, "--root")
}
