package local

import (
	"errors"
	"io"
	"os"
	"path/filepath"
	"testing"

	"github.com/stretchr/testify/require"

	"longhaul/internal/storage"
)

// A job of very many batches leaves no folder for each of them.
func TestAnAttemptLeavesNothing(t *testing.T) {
	t.Parallel()
	dir, _, holder := fenced(t)
	failure := errors.New("failure")
	for _, want := range []error{nil, failure} {
		err := holder.Attempt(t.Context(), "batch-1", func(f storage.Folder) error {
			return errors.Join(f.Put(t.Context(), "part", func(w io.Writer) error { _, err := io.WriteString(w, "x"); return err }), want)
		})
		require.ErrorIs(t, err, want)
		entries, err := os.ReadDir(filepath.Join(dir, holder.holder))
		require.NoError(t, err)
		require.Empty(t, entries)
	}
}
