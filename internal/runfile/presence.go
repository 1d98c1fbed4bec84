package runfile

import (
	"context"
	"fmt"
	"path/filepath"
	"time"

	"github.com/gofrs/flock"
)

// presenceTimeout bounds the wait for others that look at a lock.
const presenceTimeout = 30 * time.Second

// Each process that runs a job holds a shared lock in the state folder, which ends
// with the process however that ends. So a run can tell a job that another run
// works on from one that a killed run has left open on the server.
//
// Looking needs the lock for oneself for a moment, therefore one looks at a time.

// Enter takes the lock of a job, and says whether other processes hold it too. The id is
// that of the job's workflow. The state folder must be there.
func Enter(ctx context.Context, state, id string) (others bool, leave func(), err error) {
	lock := flock.New(lockFile(state, id))
	err = withMutex(ctx, state, func(ctx context.Context) error {
		alone, err := lock.TryLock()
		if err != nil {
			return err
		}
		if alone {
			// Given back first: a lock that is changed may be lost in between anyway.
			if err := lock.Unlock(); err != nil {
				return err
			}
		}
		others = !alone
		_, err = lock.TryRLockContext(ctx, 10*time.Millisecond)
		return err
	})
	if err != nil {
		return false, nil, err
	}
	return others, func() { _ = lock.Unlock() }, nil
}

// IsRunning says whether a process runs the job.
func IsRunning(ctx context.Context, state, id string) (running bool, err error) {
	err = withMutex(ctx, state, func(context.Context) error {
		lock := flock.New(lockFile(state, id))
		alone, err := lock.TryLock()
		if alone {
			_ = lock.Unlock()
		}
		running = !alone
		return err
	})
	return running, err
}

func lockFile(state, id string) string {
	return filepath.Join(state, "run-"+shortHash(id)+".lock")
}

// withMutex lets one process at a time look at the locks of the state folder.
func withMutex(ctx context.Context, state string, look func(context.Context) error) error {
	ctx, cancel := context.WithTimeout(ctx, presenceTimeout)
	defer cancel()
	mutex := flock.New(filepath.Join(state, "entering.lock"))
	if _, err := mutex.TryLockContext(ctx, 10*time.Millisecond); err != nil {
		return fmt.Errorf("%s: %w", mutex.Path(), err)
	}
	defer mutex.Unlock() //nolint:errcheck // a lock ends with the process at the latest
	return look(ctx)
}
