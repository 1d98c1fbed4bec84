package localserver

import (
	"io/fs"
	"os"
	"path/filepath"
	"testing"

	"github.com/stretchr/testify/require"
)

// No other user of the machine can read what the server keeps, also where an earlier version
// has made it readable. A folder that is not ours alone keeps its mode.
func TestTheStateIsForItsUserOnly(t *testing.T) {
	t.Parallel()
	dir := stateFolder(t)
	require.NoError(t, start(t, dir).Close())
	mode := func(name string) fs.FileMode {
		info, err := os.Stat(filepath.Join(dir, name))
		require.NoError(t, err)
		return info.Mode().Perm()
	}
	requirePrivate := func() {
		entries, err := os.ReadDir(dir)
		require.NoError(t, err)
		require.Greater(t, len(entries), 3)
		for _, entry := range entries {
			require.Zero(t, mode(entry.Name())&0o077, entry.Name())
		}
	}
	require.EqualValues(t, 0o700, mode("."))
	requirePrivate()
	for _, name := range []string{databaseFile, logFile, addressFile} {
		require.NoError(t, os.Chmod(filepath.Join(dir, name), 0o644))
	}
	require.NoError(t, os.Chmod(dir, 0o755))
	s := start(t, dir)
	requirePrivate()
	require.EqualValues(t, 0o755, mode("."))
	require.NoError(t, s.Close())
}
