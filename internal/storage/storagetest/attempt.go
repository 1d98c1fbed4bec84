package storagetest

import (
	"errors"
	"io"
	"testing"

	"github.com/stretchr/testify/require"

	"longhaul/internal/storage"
	"longhaul/job"
)

// requireSuperseded says that the error is that of an earlier attempt.
func requireSuperseded(t *testing.T, err error) {
	t.Helper()
	require.Equal(t, job.KindStorage, job.KindOf(err), "%v", err)
	require.ErrorContains(t, err, "a later attempt at step-1 has begun")
}

func testAttempt(t *testing.T, f storage.Folder) {
	for _, f := range []storage.Folder{f, begin(t, f, tokenOf(1))} {
		later := func() error {
			return f.Attempt(t.Context(), "step-1", func(later storage.Folder) error {
				return errors.Join(later.Put(t.Context(), "kept", text("new")), later.Delete(t.Context(), "none"))
			})
		}
		earlier := func(write func(storage.Folder) error) {
			t.Helper()
			requireSuperseded(t, f.Attempt(t.Context(), "step-1", write))
			require.Equal(t, "new", read(t, f, "kept"))
			require.Equal(t, []string{"kept"}, names(t, f, ""))
		}
		// It is stopped before a write, or in one.
		earlier(func(old storage.Folder) error {
			return errors.Join(old.Put(t.Context(), "kept", text("old")), later(), old.Put(t.Context(), "kept", text("stale")))
		})
		earlier(func(old storage.Folder) error {
			return errors.Join(later(), old.PutIfAbsent(t.Context(), "x", text("stale")))
		})
		earlier(func(old storage.Folder) error { return errors.Join(later(), old.Delete(t.Context(), "kept")) })
		earlier(func(old storage.Folder) error {
			return old.Put(t.Context(), "kept", func(w io.Writer) error { return errors.Join(text("stale")(w), later()) })
		})
		// Other steps go on, and so do the writes that belong to no step.
		require.NoError(t, f.Attempt(t.Context(), "step-10", func(other storage.Folder) error {
			return errors.Join(later(), other.Put(t.Context(), "kept", text("other")), f.Put(t.Context(), "kept", text("none")))
		}))
		require.Equal(t, "none", read(t, f, "kept"))
		failure := errors.New("failure")
		require.ErrorIs(t, f.Attempt(t.Context(), "step-1", func(storage.Folder) error { return failure }), failure)
	}
}

func testAttemptOfAToken(t *testing.T, f storage.Folder) {
	old := begin(t, f, tokenOf(1))
	require.NoError(t, old.Put(t.Context(), "kept", text("x")))
	err := old.Attempt(t.Context(), "step-1", func(attempt storage.Folder) error {
		begin(t, f, tokenOf(2))
		requireRevoked(t, attempt)
		return nil
	})
	require.NoError(t, err)
	err = old.Attempt(t.Context(), "step-1", func(storage.Folder) error { return errors.New("it is not let in") })
	require.Equal(t, job.KindTakenOver, job.KindOf(err), "%v", err)
}
