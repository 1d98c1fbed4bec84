package main

import (
	"context"
	"fmt"
	"path/filepath"
	"time"

	"github.com/gofrs/flock"
)

// presenceTimeout bounds the wait for others that look at a presence.
const presenceTimeout = 30 * time.Second

// Each process that runs a job holds a shared lock in the state folder, which ends
// with the process however that ends. So a run can tell a job that another run
// works on from one that a killed run has left open on the server.
//
// Looking needs the lock for oneself for a moment, therefore one looks at a time.

// enter takes the lock of a job, and says whether other processes hold it too.
func enter(ctx context.Context, state, id string) (others bool, leave func(), err error) {
	present := flock.New(presenceFile(state, id))
	err = looking(ctx, state, func(ctx context.Context) error {
		alone, err := present.TryLock()
		if err != nil {
			return err
		}
		if alone {
			// Given back first: a lock that is changed may be lost in between anyway.
			if err := present.Unlock(); err != nil {
				return err
			}
		}
		others = !alone
		_, err = present.TryRLockContext(ctx, 10*time.Millisecond)
		return err
	})
	if err != nil {
		return false, nil, err
	}
	return others, func() { _ = present.Unlock() }, nil
}

// worksOn says whether a process runs the job.
func worksOn(ctx context.Context, state, id string) (works bool, err error) {
	err = looking(ctx, state, func(context.Context) error {
		present := flock.New(presenceFile(state, id))
		alone, err := present.TryLock()
		if alone {
			_ = present.Unlock()
		}
		works = !alone
		return err
	})
	return works, err
}

func presenceFile(state, id string) string {
	return filepath.Join(state, "run-"+shortHash(id)+".lock")
}

func looking(ctx context.Context, state string, look func(context.Context) error) error {
	ctx, cancel := context.WithTimeout(ctx, presenceTimeout)
	defer cancel()
	mutex := flock.New(filepath.Join(state, "entering.lock"))
	if _, err := mutex.TryLockContext(ctx, 10*time.Millisecond); err != nil {
		return fmt.Errorf("%s: %w", mutex.Path(), err)
	}
	defer mutex.Unlock() //nolint:errcheck // a lock ends with the process at the latest
	return look(ctx)
}
