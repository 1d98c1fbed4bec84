package activities

import (
	"context"
	"time"

	"go.temporal.io/sdk/activity"

	"longhaul/internal/storage"
)

// roomInterval is how soon something is tried again that had no room on the disk.
const roomInterval = time.Second

// whenThereIsRoom does something again as long as it fails because the disk is full, and
// says so meanwhile.
func whenThereIsRoom(ctx context.Context, beat *heartbeat, do func() error) error {
	for waited := false; ; {
		err := do()
		if !storage.IsFull(err) || ctx.Err() != nil {
			if waited {
				beat.waitsFor(func() string { return "" })
			}
			return err
		}
		if !waited {
			waited = true
			beat.waitsFor(func() string { return "waiting for disk: " + err.Error() })
			beat.beat()
			activity.GetLogger(ctx).Warn("waiting for disk", "error", err)
		}
		if err := wait(ctx, roomInterval); err != nil {
			return err
		}
	}
}
