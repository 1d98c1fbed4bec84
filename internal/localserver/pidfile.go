package localserver

import (
	"context"
	"errors"
	"os"
	"path/filepath"
	"strconv"
	"strings"
	"syscall"
	"time"

	"longhaul/job"
)

// lockTimeout bounds the wait for another process that looks whether the server lives.
const lockTimeout = 5 * time.Second

// The lock of server.pid belongs to the server's process, which inherits the open file. So it
// ends with that process, however that ends; a process id alone may be another process's by
// now. This is why the file is locked by hand: a library's lock cannot be inherited.

// lockPIDFile opens server.pid and takes its lock. It fails if a server lives.
func lockPIDFile(ctx context.Context, dir string) (*os.File, error) {
	file, err := os.OpenFile(filepath.Join(dir, pidFile), os.O_CREATE|os.O_RDWR, 0o600)
	if err != nil {
		return nil, folderError(dir, err)
	}
	ctx, cancel := context.WithTimeout(ctx, lockTimeout)
	defer cancel()
	for {
		err := syscall.Flock(int(file.Fd()), syscall.LOCK_EX|syscall.LOCK_NB)
		if err == nil {
			return file, nil
		}
		if !errors.Is(err, syscall.EWOULDBLOCK) || wait(ctx) != nil {
			failure := job.Errorf(job.KindServer, file.Name(), "is locked, because a server runs already: %w", err).
				WithHint("give the command again: it uses that server")
			return nil, errors.Join(failure, file.Close())
		}
	}
}

// alive says whether a server holds the lock of server.pid.
func (s *Server) alive() bool {
	file, err := os.Open(filepath.Join(s.dir, pidFile))
	if err != nil {
		return false
	}
	defer file.Close()
	// Shared, so that several processes may look at once.
	return errors.Is(syscall.Flock(int(file.Fd()), syscall.LOCK_SH|syscall.LOCK_NB), syscall.EWOULDBLOCK)
}

func writePID(file *os.File, pid int) error {
	if err := file.Truncate(0); err != nil {
		return err
	}
	_, err := file.WriteAt([]byte(strconv.Itoa(pid)), 0)
	return err
}

// processID is the content of server.pid: for messages, and for a signal while the server
// lives.
func (s *Server) processID() string {
	text, err := os.ReadFile(filepath.Join(s.dir, pidFile))
	if err != nil {
		return "?"
	}
	return strings.TrimSpace(string(text))
}
