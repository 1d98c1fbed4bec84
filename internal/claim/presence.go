package claim

import (
	"context"
	"errors"
	"fmt"
	"io/fs"
	"time"

	"longhaul/internal/storage"
)

// presence says that a process works in the folder.
type presence struct {
	Renewed time.Time `json:"renewed"`
}

func (c *Claims) presenceName(epoch int64) string {
	return fmt.Sprintf("%s%06d.%s.json", dir, epoch, c.id)
}

// Enter says, and says again, that this process works under the claim. It fails
// with job.KindTakenOver if another job has the folder, or the job has ended.
func (c *Claims) Enter(ctx context.Context, epoch int64) error {
	if err := c.Confirm(ctx, epoch); err != nil {
		return err
	}
	return c.folder.Put(ctx, c.presenceName(epoch), storage.JSONWithDigest(presence{time.Now().UTC()}))
}

// Leave says that this process does not work under the claim any more.
func (c *Claims) Leave(ctx context.Context, epoch int64) error {
	return c.folder.Delete(ctx, c.presenceName(epoch))
}

// AtWork says whether a process is at work in the folder: it renews its presence
// while it is. One that was killed seems to be for the length of its lease.
func (c *Claims) AtWork(ctx context.Context) (bool, error) {
	epoch, err := c.Epoch(ctx)
	if err != nil || epoch == 0 {
		return false, err
	}
	lease, err := c.lease(ctx, epoch)
	if errors.Is(err, fs.ErrNotExist) {
		return true, nil // it has just been replaced
	}
	if err != nil {
		return false, err
	}
	until, err := c.presentUntil(ctx, epoch, lease)
	return time.Now().Before(until), err
}

// presentUntil is when the last presence lapses; zero if there is none.
func (c *Claims) presentUntil(ctx context.Context, epoch int64, lease Lease) (until time.Time, err error) {
	names, err := c.presences(ctx, epoch)
	for _, name := range names {
		var presence presence
		modified, err := c.read(ctx, name, &presence)
		switch {
		case errors.Is(err, fs.ErrNotExist):
			continue
		case isDamaged(err), err == nil && presence.Renewed.IsZero():
			presence.Renewed = modified // somebody is, or was, at work
		case err != nil:
			return until, err
		}
		until = later(until, presence.Renewed.Add(lease.Duration.Std()))
	}
	return until, err
}

func (c *Claims) presences(ctx context.Context, epoch int64) ([]string, error) {
	entries, err := c.folder.List(ctx, fmt.Sprintf("%s%06d.", dir, epoch))
	var names []string
	for _, entry := range entries {
		if entry.Name != nameOf(epoch) {
			names = append(names, entry.Name)
		}
	}
	return names, err
}
