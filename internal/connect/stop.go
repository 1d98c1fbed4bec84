package connect

import (
	"context"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"syscall"
	"time"

	"github.com/gofrs/flock"
)

// Close leaves the server; the last user stops it.
func (s *LocalServer) Close() error {
	ctx, cancel := context.WithTimeout(context.Background(), startTimeout)
	defer cancel()
	// Nobody may find the server while we decide to stop it.
	unlock, err := lock(ctx, s.dir)
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
	if s.server != nil {
		err = s.server.Stop()
	} else {
		err = s.interrupt(ctx)
	}
	return errors.Join(err, os.Remove(filepath.Join(s.dir, pidFile)))
}

// lock lets one process at a time start or stop the server in dir.
func lock(ctx context.Context, dir string) (unlock func(), err error) {
	starting := flock.New(filepath.Join(dir, "starting.lock"))
	if _, err := starting.TryLockContext(ctx, pollInterval); err != nil {
		return nil, fmt.Errorf("%s is locked by another process that starts or stops a server: %w", dir, err)
	}
	return func() { _ = starting.Unlock() }, nil
}

// interrupt stops a server that another process started.
func (s *LocalServer) interrupt(ctx context.Context) error {
	if !s.alive() {
		return nil
	}
	if err := syscall.Kill(s.pid, syscall.SIGINT); err != nil {
		return err
	}
	for s.alive() {
		if err := sleep(ctx); err != nil {
			return fmt.Errorf("the server (process %d) does not stop: %w", s.pid, err)
		}
	}
	return nil
}

// alive says whether a process holds the lock of the pid file.
func (s *LocalServer) alive() bool {
	held := flock.New(filepath.Join(s.dir, pidFile))
	free, err := held.TryLock()
	if free {
		_ = held.Unlock()
	}
	return err == nil && !free
}

func sleep(ctx context.Context) error {
	select {
	case <-time.After(pollInterval):
		return nil
	case <-ctx.Done():
		return ctx.Err()
	}
}
