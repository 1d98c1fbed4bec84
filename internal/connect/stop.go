package connect

import (
	"context"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"time"

	"github.com/gofrs/flock"
)

// Close leaves the server; the last user stops it. One that has died already is
// no error.
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
	if err := s.stop(ctx); err != nil {
		return err
	}
	// Nobody holds its lock: a server is started under ours only.
	if err := os.Remove(filepath.Join(s.dir, pidFile)); err != nil && !errors.Is(err, fs.ErrNotExist) {
		return err
	}
	return nil
}

// lock lets one process at a time start or stop the server in dir.
func lock(ctx context.Context, dir string) (unlock func(), err error) {
	starting := flock.New(filepath.Join(dir, "starting.lock"))
	if _, err := starting.TryLockContext(ctx, pollInterval); err != nil {
		return nil, fmt.Errorf("%s is locked by another process that starts or stops a server: %w", dir, err)
	}
	return func() { _ = starting.Unlock() }, nil
}

func sleep(ctx context.Context) error {
	select {
	case <-time.After(pollInterval):
		return nil
	case <-ctx.Done():
		return ctx.Err()
	}
}
