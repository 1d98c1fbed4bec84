package storagetest

import (
	"context"
	"errors"
	"io"
	"testing"

	"github.com/stretchr/testify/require"

	"longhaul/internal/storage"
	"longhaul/job"
)

func tokenOf(epoch int64) storage.Token { return storage.Token{Epoch: epoch, ID: "a"} }

// begin is the folder for a new claim.
func begin(t *testing.T, f storage.Folder, token storage.Token) storage.Folder {
	t.Helper()
	require.NoError(t, f.Fence(t.Context(), token))
	return f.Fenced(token)
}

// requireRevoked says that all writes to f fail and change nothing.
func requireRevoked(t *testing.T, f storage.Folder) {
	t.Helper()
	before := names(t, f, "")
	_, err := f.Append(t.Context(), "log/revoked")
	for _, err := range []error{
		err, f.Put(t.Context(), "kept", text("revoked")), f.PutIfAbsent(t.Context(), "new/x", text("revoked")), f.Delete(t.Context(), "kept"),
	} {
		require.Equal(t, job.KindTakenOver, job.KindOf(err), "%v", err)
	}
	require.NoError(t, f.Delete(t.Context(), "none"), "there is nothing to delete")
	require.Equal(t, before, names(t, f, ""))
}

func testFence(t *testing.T, f storage.Folder) {
	old := begin(t, f, tokenOf(1))
	again := begin(t, f, tokenOf(1)) // another process, or attempt
	require.NoError(t, old.Put(t.Context(), "kept", text("old")))
	require.NoError(t, again.PutIfAbsent(t.Context(), "deleted", text("x")))
	require.NoError(t, old.Delete(t.Context(), "deleted"))
	log, err := old.Append(t.Context(), "log/x")
	require.NoError(t, err)
	next := begin(t, f, tokenOf(2))
	requireRevoked(t, old)
	requireRevoked(t, again)
	requireRevoked(t, f.Fenced(tokenOf(3))) // it was never let in
	require.NoError(t, next.Put(t.Context(), "kept", text("new")))
	_, err = io.WriteString(log, "answers of calls that were in flight are kept")
	require.NoError(t, errors.Join(err, log.Close()))

	// A claim with a name that is free again does not bring an old token back.
	require.NoError(t, f.Fence(t.Context(), storage.Token{Epoch: 1, ID: "b"}))
	requireRevoked(t, old)
	require.NoError(t, next.Put(t.Context(), "kept", text("newer")))
	require.Equal(t, "newer", read(t, f, "kept"))

	// Tokens of one epoch do not end each other's writes.
	beside := begin(t, f, storage.Token{Epoch: 2, ID: "b"})
	require.NoError(t, next.Put(t.Context(), "kept", text("of a")))
	require.NoError(t, beside.Put(t.Context(), "kept", text("of b")))
}

func testFenceMeanwhile(t *testing.T, f storage.Folder) {
	epoch := int64(1)
	for _, write := range []func(storage.Folder, context.Context, string, func(io.Writer) error) error{
		storage.Folder.Put, storage.Folder.PutIfAbsent,
	} {
		old := begin(t, f, tokenOf(epoch))
		epoch++
		err := write(old, t.Context(), "part", func(w io.Writer) error {
			return errors.Join(text("old")(w), f.Fence(t.Context(), tokenOf(epoch)))
		})
		require.Equal(t, job.KindTakenOver, job.KindOf(err), "%v", err)
		require.Empty(t, names(t, f, "part"))
	}
}

func testRevoke(t *testing.T, f storage.Folder) {
	own := begin(t, f, tokenOf(1))
	require.NoError(t, own.Put(t.Context(), "kept", text("x")))
	require.NoError(t, f.Revoke(t.Context(), tokenOf(1)))
	requireRevoked(t, own)
	require.NoError(t, f.Revoke(t.Context(), tokenOf(1)), "again")
	require.Equal(t, "x", read(t, f, "kept"))
	require.NoError(t, begin(t, f, tokenOf(2)).Put(t.Context(), "kept", text("y")))
}
