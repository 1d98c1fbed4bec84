package storagetest

import (
	"context"
	"errors"
	"io"
	"io/fs"
	"strings"
	"sync"
	"sync/atomic"
	"testing"

	"github.com/stretchr/testify/require"

	"longhaul/internal/storage"
	"longhaul/job"
)

// Run runs the suite on stores that open returns: each call a new, empty one.
func Run(t *testing.T, open func(t *testing.T) storage.Store) {
	t.Helper()
	for _, test := range []struct {
		name string
		run  func(*testing.T, storage.Folder)
	}{
		{"put replaces", testPut},
		{"put if absent does not", testPutIfAbsent},
		{"a failed put leaves nothing", testFailedPut},
		{"an object is what it was when it was opened", testOpened},
		{"append", testAppend},
		{"append and delete", testAppendAfterDelete},
		{"list", testList},
		{"delete", testDelete},
		{"sync", testSync},
		{"a lower epoch writes nothing", testFence},
		{"a revocation ends writes that have begun", testFenceMeanwhile},
		{"a token is revoked by its holder", testRevoke},
		{"an attempt ends the writes of earlier ones", testAttempt},
		{"an attempt ends with its token", testAttemptOfAToken},
		{"a done context stops everything", testContext},
	} {
		t.Run(test.name, func(t *testing.T) {
			t.Parallel()
			f, err := open(t).Folder(t.Context(), "a/b", true)
			require.NoError(t, err)
			t.Cleanup(func() { require.NoError(t, f.Close()) })
			test.run(t, f)
		})
	}
	t.Run("folders", func(t *testing.T) {
		t.Parallel()
		testFolders(t, open(t))
	})
}

func text(s string) func(io.Writer) error {
	return func(w io.Writer) error { _, err := io.WriteString(w, s); return err }
}

func read(t *testing.T, f storage.Folder, name string) string {
	t.Helper()
	o, err := f.Open(t.Context(), name)
	require.NoError(t, err)
	data, err := io.ReadAll(storage.NewReader(o))
	require.NoError(t, errors.Join(err, o.Close()))
	require.EqualValues(t, len(data), o.Size())
	return string(data)
}

func names(t *testing.T, f storage.Folder, prefix string) []string {
	t.Helper()
	entries, err := f.List(t.Context(), prefix)
	require.NoError(t, err)
	found := make([]string, 0, len(entries))
	for _, entry := range entries {
		found = append(found, entry.Name)
	}
	return found
}

func testFolders(t *testing.T, store storage.Store) {
	_, err := store.Folder(t.Context(), "x/y", false)
	require.ErrorIs(t, err, fs.ErrNotExist)
	f, err := store.Folder(t.Context(), "x/y", true)
	require.NoError(t, err)
	require.NoError(t, f.Put(t.Context(), "n", text("1")))
	same, err := store.Folder(t.Context(), "x/y", false)
	require.NoError(t, err)
	require.Equal(t, "1", read(t, same, "n"))
	require.NoError(t, errors.Join(f.Close(), same.Close()))
	_, err = store.Open(t.Context(), "none")
	require.Error(t, err)
	require.True(t, job.KindOf(err).Permanent(), "a missing input does not pass by itself: %v", err)
}

func testPut(t *testing.T, f storage.Folder) {
	require.NoError(t, f.Put(t.Context(), "put/x", text("old")))
	require.NoError(t, f.Put(t.Context(), "put/x", text("new")))
	require.Equal(t, "new", read(t, f, "put/x"))
}

func testPutIfAbsent(t *testing.T, f storage.Folder) {
	var won atomic.Int32
	var all sync.WaitGroup
	for range 8 {
		all.Go(func() {
			err := f.PutIfAbsent(t.Context(), "once/x", text("me"))
			if err == nil {
				won.Add(1)
			} else if !errors.Is(err, fs.ErrExist) {
				t.Error(err)
			}
		})
	}
	all.Wait()
	require.EqualValues(t, 1, won.Load())
	require.Equal(t, []string{"once/x"}, names(t, f, "once/"))
	require.ErrorIs(t, f.PutIfAbsent(t.Context(), "once/x", text("other")), fs.ErrExist)
	require.Equal(t, "me", read(t, f, "once/x"))
}

func testFailedPut(t *testing.T, f storage.Folder) {
	broken := errors.New("broken")
	require.NoError(t, f.Put(t.Context(), "keep", text("old")))
	half := func(w io.Writer) error { return errors.Join(text("half")(w), broken) }
	require.ErrorIs(t, f.Put(t.Context(), "keep", half), broken)
	require.ErrorIs(t, f.PutIfAbsent(t.Context(), "other", half), broken)
	require.Equal(t, "old", read(t, f, "keep"))
	require.Equal(t, []string{"keep"}, names(t, f, ""))
}

// A reader of a journal that grows, or of a part that is replaced, sees one state.
func testOpened(t *testing.T, f storage.Folder) {
	a, err := f.Append(t.Context(), "log")
	require.NoError(t, err)
	_, err = io.WriteString(a, "one ")
	require.NoError(t, err)
	o, err := f.Open(t.Context(), "log")
	require.NoError(t, err)
	_, err = io.WriteString(a, "two")
	require.NoError(t, errors.Join(err, a.Close()))
	require.EqualValues(t, len("one "), o.Size())
	data, err := io.ReadAll(storage.NewReader(o))
	require.NoError(t, errors.Join(err, o.Close()))
	require.Equal(t, "one ", string(data))

	require.NoError(t, f.Put(t.Context(), "part", text("old")))
	o, err = f.Open(t.Context(), "part")
	require.NoError(t, err)
	require.NoError(t, f.Put(t.Context(), "part", text("newer")))
	data, err = io.ReadAll(storage.NewReader(o))
	require.NoError(t, errors.Join(err, o.Close()))
	require.Equal(t, "old", string(data))
}

func testAppend(t *testing.T, f storage.Folder) {
	a, err := f.Append(t.Context(), "log/x")
	require.NoError(t, err)
	for _, part := range []string{"one ", "two"} {
		_, err = io.WriteString(a, part)
		require.NoError(t, err)
		require.NoError(t, a.Sync())
	}
	require.NoError(t, a.Close())
	require.Equal(t, "one two", read(t, f, "log/x"))
	_, err = f.Append(t.Context(), "log/x")
	require.ErrorIs(t, err, fs.ErrExist)
	require.ErrorIs(t, f.PutIfAbsent(t.Context(), "log/x", text("other")), fs.ErrExist)
}

// An attempt that was cut off does not notice that its journal is gone, and does not
// bring it back.
func testAppendAfterDelete(t *testing.T, f storage.Folder) {
	a, err := f.Append(t.Context(), "log/x")
	require.NoError(t, err)
	require.NoError(t, f.Delete(t.Context(), "log/x"))
	_, err = io.WriteString(a, "late")
	require.NoError(t, err)
	require.NoError(t, a.Close())
	require.Empty(t, names(t, f, "log/"))
}

func testList(t *testing.T, f storage.Folder) {
	require.Empty(t, names(t, f, "none/"))
	require.Empty(t, names(t, f, ""))
	for _, name := range []string{"dir/b", "dir/a", "dir/deeper/c", "directory/d", "part-1", "part-10", "part-9"} {
		require.NoError(t, f.Put(t.Context(), name, text(strings.Repeat("x", len(name)))))
	}
	require.Equal(t, []string{"dir/a", "dir/b", "dir/deeper/c"}, names(t, f, "dir/"))
	require.Equal(t, []string{"dir/a", "dir/b", "dir/deeper/c", "directory/d"}, names(t, f, "dir"))
	require.Equal(t, []string{"dir/deeper/c"}, names(t, f, "dir/de"))
	require.Equal(t, []string{"part-1", "part-10", "part-9"}, names(t, f, "part-"))
	entries, err := f.List(t.Context(), "part-10")
	require.NoError(t, err)
	require.Equal(t, []storage.Entry{{Name: "part-10", Size: int64(len("part-10"))}}, entries)
}

func testDelete(t *testing.T, f storage.Folder) {
	for _, name := range []string{"dir/a", "dir/b", "dir/c"} {
		require.NoError(t, f.Put(t.Context(), name, text("x")))
	}
	require.NoError(t, f.Delete(t.Context(), "dir/a", "dir/missing", "dir/c"))
	_, err := f.Open(t.Context(), "dir/a")
	require.ErrorIs(t, err, fs.ErrNotExist)
	require.Equal(t, []string{"dir/b"}, names(t, f, ""))
}

func testSync(t *testing.T, f storage.Folder) {
	require.ErrorIs(t, f.Sync(t.Context(), "log"), fs.ErrNotExist)
	require.NoError(t, f.Put(t.Context(), "log", text("x")))
	require.NoError(t, f.Sync(t.Context(), "log"))
}

func testContext(t *testing.T, f storage.Folder) {
	require.NoError(t, f.Put(t.Context(), "x", text("x")))
	reason := errors.New("stop")
	ctx, cancel := context.WithCancelCause(t.Context())
	o, err := f.Open(ctx, "x")
	require.NoError(t, err)
	a, err := f.Append(ctx, "log")
	require.NoError(t, err)
	cancel(reason)

	_, err = o.ReadAt(make([]byte, 1), 0)
	require.ErrorIs(t, err, reason)
	_, err = a.Write([]byte("x"))
	require.ErrorIs(t, err, reason)
	require.NoError(t, errors.Join(o.Close(), a.Close()))
	_, err = f.Open(ctx, "x")
	require.ErrorIs(t, err, reason)
	_, err = f.Append(ctx, "other")
	require.ErrorIs(t, err, reason)
	_, err = f.List(ctx, "")
	require.ErrorIs(t, err, reason)
	for _, err := range []error{
		f.Put(ctx, "y", text("y")), f.PutIfAbsent(ctx, "z", text("z")), f.Delete(ctx, "x"), f.Sync(ctx, "x"),
		f.Fence(ctx, storage.Token{Epoch: 1}), f.Revoke(ctx, storage.Token{Epoch: 1}),
		f.Attempt(ctx, "step", func(storage.Folder) error { return nil }),
		f.Put(ctx, "empty", func(io.Writer) error { return nil }),
	} {
		require.ErrorIs(t, err, reason)
	}
	require.Equal(t, []string{"log", "x"}, names(t, f, ""))
	require.Empty(t, read(t, f, "log"))
}
