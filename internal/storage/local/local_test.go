package local

import (
	"io"
	"os"
	"path/filepath"
	"testing"

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

func TestSweepDeletesOnlyWhatIsHalfWritten(t *testing.T) {
	t.Parallel()
	dir := t.TempDir()
	f, err := Unconfined(dir, scratch).Folder(t.Context(), ".", true)
	require.NoError(t, err)
	require.NoError(t, f.Put(t.Context(), "part-000000.jsonl", text("x")))
	half := filepath.Join(dir, scratch, "half")
	require.NoError(t, os.WriteFile(half, nil, 0o644))
	theirs := []string{".eslintrc.json", ".part-notes", ".part-000001.jsonl8231", ".env1"}
	for _, name := range theirs {
		require.NoError(t, os.WriteFile(filepath.Join(dir, name), nil, 0o644))
	}
	require.NoError(t, f.Sweep(t.Context()))
	require.NoFileExists(t, half)
	for _, kept := range append(theirs, "part-000000.jsonl") {
		require.FileExists(t, filepath.Join(dir, kept))
	}
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
