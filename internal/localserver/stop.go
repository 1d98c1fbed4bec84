package localserver

import (
	"context"
	"errors"
	"io/fs"
	"os"
	"path/filepath"
	"strconv"
	"syscall"
	"time"

	"github.com/gofrs/flock"

	"longhaul/job"
)

// stopGrace is how long a server may take to stop before it is killed. Its
// database survives that.
const stopGrace = 20 * time.Second

// Close leaves the server; the last user stops it. One that has died already is
// no error.
func (s *Server) Close() error {
	ctx, cancel := context.WithTimeout(context.Background(), startTimeout)
	defer cancel()
	// No process may find the server while we decide to stop it.
	unlock, err := lockStarting(ctx, s.dir)
	if err != nil {
		return err
	}
	defer unlock()
	if err := s.users.Unlock(); err != nil {
		return err
	}
	last, err := s.users.TryLock()
	if err != nil || !last {
		return err
	}
	defer s.users.Unlock() //nolint:errcheck // a lock ends with the process at the latest
	if err := s.stop(ctx); err != nil {
		return err
	}
	// No process holds its lock: a server is started under ours only.
	if err := os.Remove(filepath.Join(s.dir, pidFile)); err != nil && !errors.Is(err, fs.ErrNotExist) {
		return err
	}
	return nil
}

// stop stops the server, if it lives.
func (s *Server) stop(ctx context.Context) error {
	for _, signal := range []syscall.Signal{syscall.SIGINT, syscall.SIGKILL} {
		if !s.alive() {
			return nil
		}
		pid, err := strconv.Atoi(s.processID())
		if err != nil || pid <= 0 {
			return job.Errorf(job.KindServer, filepath.Join(s.dir, pidFile), "does not say which process the local Temporal server is").
				WithHint("stop it yourself: it is the process that has this file open (fuser %s)", job.ShellQuote(filepath.Join(s.dir, pidFile)))
		}
		// It leads a session, so the children of a wrapper script get the signal too.
		if err := syscall.Kill(-pid, signal); errors.Is(err, syscall.ESRCH) {
			_ = syscall.Kill(pid, signal)
		}
		waiting, cancel := context.WithTimeout(ctx, stopGrace)
		for s.alive() && waiting.Err() == nil {
			_ = wait(waiting) // the condition asks
		}
		cancel()
	}
	if s.alive() {
		return job.Errorf(job.KindServer, s.dir, "the local Temporal server (process %s) does not stop", s.processID()).
			WithHint("stop it with kill -9 %s", s.processID())
	}
	return nil
}

// lockStarting lets one process at a time start or stop the server in dir.
func lockStarting(ctx context.Context, dir string) (unlock func(), err error) {
	starting := startingLock(dir)
	if _, err := starting.TryLockContext(ctx, pollInterval); err != nil {
		if ctx.Err() == nil {
			return nil, folderError(dir, err)
		}
		return nil, job.Errorf(job.KindServer, dir, "another process is starting or stopping the server: %w", err).
			WithHint("give the command again")
	}
	return func() { _ = starting.Unlock() }, nil
}

// isStarting says whether a process is starting or stopping the server.
func isStarting(dir string) bool {
	starting := startingLock(dir)
	free, err := starting.TryRLock()
	_ = starting.Unlock()
	return err == nil && !free
}

func startingLock(dir string) *flock.Flock { return flock.New(filepath.Join(dir, "starting.lock")) }
