package localserver

import (
	"errors"
	"io/fs"
	"os"
	"path/filepath"
)

// privateFiles hold the state of the server.
var privateFiles = []string{databaseFile, databaseFile + "-wal", databaseFile + "-shm", addressFile, pidFile, logFile}

// privately runs its arguments, a program and what it is given, so that the files that it
// makes are for its user only. Go has no umask for a child alone.
var privately = []string{"/bin/sh", "-c", `umask 077 && exec "$0" "$@"`}

// makePrivate makes the state folder for its user only. In a folder that was there before it
// changes the files: an earlier version made them readable.
func makePrivate(dir string) error {
	err := os.MkdirAll(dir, 0o700)
	for _, name := range privateFiles {
		if chmodErr := os.Chmod(filepath.Join(dir, name), 0o600); err == nil && !errors.Is(chmodErr, fs.ErrNotExist) {
			err = chmodErr
		}
	}
	return err
}
