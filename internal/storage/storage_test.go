package storage

import (
	"errors"
	"io"
	"io/fs"
	"os"
	"path/filepath"
	"sync"
	"sync/atomic"
	"testing"

	"github.com/stretchr/testify/require"

	"longhaul/job"
)

// stores are the implementations that the suite runs on.
func stores(t *testing.T) map[string]*Local {
	t.Helper()
	confined, err := Confined(t.TempDir())
	require.NoError(t, err)
	t.Cleanup(func() { require.NoError(t, confined.Close()) })
	return map[string]*Local{"confined": confined, "unconfined": Unconfined(t.TempDir())}
}

func text(s string) func(io.Writer) error {
	return func(w io.Writer) error { _, err := io.WriteString(w, s); return err }
}

func read(t *testing.T, f *Folder, name string) string {
	t.Helper()
	o, err := f.Open(name)
	require.NoError(t, err)
	data, err := io.ReadAll(io.NewSectionReader(o, 0, o.Size()))
	require.NoError(t, errors.Join(err, o.Close()))
	return string(data)
}

// The suite that every storage must pass.
func TestFolder(t *testing.T) {
	t.Parallel()
	for name, store := range stores(t) {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			_, err := store.Folder("a/b", false)
			require.ErrorIs(t, err, fs.ErrNotExist)
			f, err := store.Folder("a/b", true)
			require.NoError(t, err)
			t.Cleanup(func() { require.NoError(t, f.Close()) })
			t.Run("put replaces", func(t *testing.T) { testPut(t, f) })
			t.Run("put if absent does not", func(t *testing.T) { testPutIfAbsent(t, f) })
			t.Run("a failed put leaves nothing", func(t *testing.T) { testFailedPut(t, f) })
			t.Run("append", func(t *testing.T) { testAppend(t, f) })
			t.Run("list and delete", func(t *testing.T) { testListAndDelete(t, f) })
		})
	}
}

func testPut(t *testing.T, f *Folder) {
	require.NoError(t, f.Put("put/x", text("old")))
	require.NoError(t, f.Put("put/x", text("new")))
	require.Equal(t, "new", read(t, f, "put/x"))
}

func testPutIfAbsent(t *testing.T, f *Folder) {
	var won atomic.Int32
	var all sync.WaitGroup
	for range 8 {
		all.Go(func() {
			err := f.PutIfAbsent("once/x", text("me"))
			if err == nil {
				won.Add(1)
			} else if !errors.Is(err, fs.ErrExist) {
				t.Error(err)
			}
		})
	}
	all.Wait()
	require.EqualValues(t, 1, won.Load())
	names, err := f.List("once")
	require.NoError(t, err)
	require.Equal(t, []string{"once/x"}, names)
}

func testFailedPut(t *testing.T, f *Folder) {
	broken := errors.New("broken")
	require.NoError(t, f.Put("keep", text("old")))
	err := f.Put("keep", func(w io.Writer) error { return errors.Join(text("half")(w), broken) })
	require.ErrorContains(t, err, "broken")
	require.Equal(t, "old", read(t, f, "keep"))
	names, err := f.List(unfinishedDir)
	require.NoError(t, err)
	require.Empty(t, names)
}

func testAppend(t *testing.T, f *Folder) {
	a, err := f.Append("log/x")
	require.NoError(t, err)
	for _, part := range []string{"one ", "two"} {
		_, err = io.WriteString(a, part)
		require.NoError(t, err)
		require.NoError(t, a.Sync())
	}
	require.NoError(t, a.Close())
	require.Equal(t, "one two", read(t, f, "log/x"))
	_, err = f.Append("log/x")
	require.ErrorIs(t, err, fs.ErrExist)
}

func testListAndDelete(t *testing.T, f *Folder) {
	names, err := f.List("none")
	require.NoError(t, err)
	require.Empty(t, names)
	for _, name := range []string{"dir/b", "dir/a", "dir/deeper/c"} {
		require.NoError(t, f.Put(name, text("x")))
	}
	names, err = f.List("dir")
	require.NoError(t, err)
	require.Equal(t, []string{"dir/a", "dir/b"}, names)
	require.NoError(t, f.Delete("dir/a", "dir/missing"))
	_, err = f.Open("dir/a")
	require.ErrorIs(t, err, fs.ErrNotExist)
}

func TestSweepDeletesOnlyWhatIsHalfWritten(t *testing.T) {
	t.Parallel()
	dir := t.TempDir()
	f, err := Unconfined(dir).Folder(".", true)
	require.NoError(t, err)
	require.NoError(t, f.Put("part-000000.jsonl", text("x")))
	half := filepath.Join(dir, unfinishedDir, "half")
	require.NoError(t, os.WriteFile(half, nil, 0o644))
	theirs := []string{".eslintrc.json", ".part-notes", ".part-000001.jsonl8231", ".env1"}
	for _, name := range theirs {
		require.NoError(t, os.WriteFile(filepath.Join(dir, name), nil, 0o644))
	}
	require.NoError(t, f.Sweep())
	require.NoFileExists(t, half)
	for _, kept := range append(theirs, "part-000000.jsonl") {
		require.FileExists(t, filepath.Join(dir, kept))
	}
}

func TestWhatDoesNotPassByItselfIsNotRetried(t *testing.T) {
	t.Parallel()
	root := t.TempDir()
	require.NoError(t, os.Symlink(t.TempDir(), filepath.Join(root, "_longhaul")))
	store, err := Confined(root)
	require.NoError(t, err)
	f, err := store.Folder(".", true)
	require.NoError(t, err)
	err = f.Put("_longhaul/job.json", text("x"))
	require.ErrorContains(t, err, "leads out of the worker's root")
	require.True(t, job.KindOf(err).Permanent())
}

func TestNoPathLeavesTheRoot(t *testing.T) {
	t.Parallel()
	outside, root := t.TempDir(), t.TempDir()
	require.NoError(t, os.WriteFile(filepath.Join(outside, "secret"), []byte("x"), 0o644))
	require.NoError(t, os.Symlink(outside, filepath.Join(root, "link")))
	require.NoError(t, os.Symlink(filepath.Join(outside, "secret"), filepath.Join(root, "file")))
	store, err := Confined(root)
	require.NoError(t, err)
	for _, uri := range []string{"../x", "a/../../x", "/etc/passwd", "link/secret", "file", "file:///etc/passwd"} {
		_, err := store.Open(uri)
		require.ErrorContains(t, err, "leaves the worker's root", uri)
		require.Equal(t, job.KindSpec, job.KindOf(err), uri)
	}
	for _, uri := range []string{"../x", "link", "link/new", "/tmp"} {
		_, err := store.Folder(uri, true)
		require.ErrorContains(t, err, "leaves the worker's root", uri)
	}
	require.NoDirExists(t, filepath.Join(outside, "new"))
	_, err = store.Folder(filepath.Join(root, "inside"), true)
	require.NoError(t, err, "an absolute path below the root is fine")
}

func TestAnAbsolutePathBelowARelativeRoot(t *testing.T) {
	dir := t.TempDir()
	t.Chdir(dir)
	require.NoError(t, os.WriteFile("in", nil, 0o644))
	store, err := Confined(".")
	require.NoError(t, err)
	o, err := store.Open(filepath.Join(dir, "in"))
	require.NoError(t, err)
	require.NoError(t, o.Close())
}

func TestWhatCannotBeOpenedIsNamed(t *testing.T) {
	t.Parallel()
	dir := t.TempDir()
	store := Unconfined(dir)
	require.NoError(t, os.WriteFile(filepath.Join(dir, "f"), nil, 0o644))
	for uri, message := range map[string]string{"none": "none: there is no such file", ".": "is a folder", "s3://bucket/x": `storage of kind "s3" is not supported`} {
		_, err := store.Open(uri)
		require.ErrorContains(t, err, message)
		require.True(t, job.KindOf(err).Permanent())
	}
	_, err := store.Folder("f", true)
	require.ErrorContains(t, err, "f: is not a folder")
	_, err = store.Folder("f/g", true)
	require.ErrorContains(t, err, "f/g: is not a folder")
	_, err = Confined(filepath.Join(dir, "none"))
	require.ErrorContains(t, err, "--root")
}
