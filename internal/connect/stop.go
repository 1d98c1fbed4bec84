package connect

import (
	"context"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"syscall"
	"time"
)

// Close leaves the server; the last user stops it.
func (s *LocalServer) Close() error {
	if err := s.users.Unlock(); err != nil {
		return err
	}
	last, err := s.users.TryLock()
	if err != nil || !last {
		return err
	}
	defer s.users.Unlock() //nolint:errcheck // as above
	if s.server != nil {
		err = s.server.Stop()
	} else {
		err = interrupt(s.pid)
	}
	return errors.Join(err, os.Remove(filepath.Join(s.dir, pidFile)))
}

// interrupt stops a server that another process started.
func interrupt(pid int) error {
	if err := syscall.Kill(pid, syscall.SIGINT); err != nil {
		return err
	}
	ctx, cancel := context.WithTimeout(context.Background(), startTimeout)
	defer cancel()
	for alive(pid) {
		if err := sleep(ctx); err != nil {
			return fmt.Errorf("the server (process %d) does not stop: %w", pid, err)
		}
	}
	return nil
}

func alive(pid int) bool { return pid > 0 && syscall.Kill(pid, 0) == nil }

func sleep(ctx context.Context) error {
	select {
	case <-time.After(pollInterval):
		return nil
	case <-ctx.Done():
		return ctx.Err()
	}
}
