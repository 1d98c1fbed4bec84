package claim

import (
	"context"
	"errors"
	"fmt"
	"io/fs"
	"path"
	"regexp"
	"strconv"
	"time"

	"github.com/google/uuid"

	"longhaul/internal/storage"
	"longhaul/job"
)

const dir = "_longhaul/owner/"

func nameOf(epoch int64) string { return fmt.Sprintf("%s%06d.json", dir, epoch) }

var pattern = regexp.MustCompile(`^([0-9]+)\.json$`)

// Claims are those to one output folder, as one process sees them.
type Claims struct {
	folder storage.Folder
	// id tells this process' presence from others'.
	id string
}

// New works in the folder.
func New(folder storage.Folder) *Claims { return &Claims{folder: folder, id: uuid.NewString()} }

// ID tells this process' Claims from those of others.
func (c *Claims) ID() string { return c.id }

// Epoch is that of the claim in force; 0 if there is none.
func (c *Claims) Epoch(ctx context.Context) (int64, error) {
	entries, err := c.folder.List(ctx, dir)
	if err != nil {
		return 0, err
	}
	highest := int64(0)
	for _, entry := range entries {
		if match := pattern.FindStringSubmatch(path.Base(entry.Name)); match != nil {
			if epoch, err := strconv.ParseInt(match[1], 10, 64); err == nil {
				highest = max(highest, epoch)
			}
		}
	}
	return highest, nil
}

// Take claims the folder for the owner, if it is free: never claimed, or claimed
// by the same owner; released or of an ended owner, and nobody is at work there
// any more; or of an owner that nobody knows, and lapsed. Otherwise it says who
// holds it, and returns epoch 0: ask again.
func (c *Claims) Take(ctx context.Context, owner Owner, duration time.Duration, state StateOf) (epoch int64, held *Held, err error) {
	current, err := c.Epoch(ctx)
	if err != nil {
		return 0, nil, err
	}
	if current > 0 {
		lease, err := c.lease(ctx, current)
		switch {
		case errors.Is(err, fs.ErrNotExist):
			// Its owner has just been replaced: ask again.
			return 0, &Held{Owner: owner}, nil
		case err != nil:
			return 0, nil, err
		case lease.Owner == owner && !lease.Released:
			return current, nil, nil
		}
		if held, err := c.held(ctx, current, lease, state); held != nil || err != nil {
			return 0, held, err
		}
	}
	lease := Lease{Owner: owner, Claimed: time.Now().UTC(), Duration: job.Duration(duration)}
	err = c.folder.PutIfAbsent(ctx, nameOf(current+1), storage.JSON(lease))
	if errors.Is(err, fs.ErrExist) {
		return 0, &Held{Owner: owner}, nil
	}
	if err != nil {
		return 0, nil, err
	}
	return current + 1, nil, c.forget(ctx, current)
}

// held is nil if the claim is free.
func (c *Claims) held(ctx context.Context, epoch int64, lease Lease, state StateOf) (*Held, error) {
	held := &Held{Owner: lease.Owner}
	until, err := c.presentUntil(ctx, epoch, lease)
	if err != nil {
		return nil, err
	}
	if !lease.Released {
		known, err := state(ctx, lease.Owner)
		if err != nil {
			return nil, err
		}
		switch known {
		case Running:
			held.Running = true
			return held, nil
		case Unknown:
			until = later(until, lease.Claimed.Add(lease.Duration.Std()))
		case Ended:
		}
	}
	if held.Until = until; time.Now().Before(until) {
		return held, nil
	}
	return nil, nil
}

// forget deletes a claim that has been replaced.
func (c *Claims) forget(ctx context.Context, epoch int64) error {
	if epoch == 0 {
		return nil
	}
	names, err := c.presences(ctx, epoch)
	if err != nil {
		return err
	}
	return c.folder.Delete(ctx, append(names, nameOf(epoch))...)
}

// Release lets the next job claim the folder as soon as nobody works there.
func (c *Claims) Release(ctx context.Context, epoch int64) error {
	if err := c.Check(ctx, epoch); err != nil {
		return err
	}
	lease, err := c.lease(ctx, epoch)
	if err != nil {
		return err
	}
	lease.Released = true
	return c.folder.Put(ctx, nameOf(epoch), storage.JSON(lease))
}

// Owner is who made the claim.
func (c *Claims) Owner(ctx context.Context, epoch int64) (Owner, error) {
	lease, err := c.lease(ctx, epoch)
	return lease.Owner, err
}

// Check fails with job.KindTakenOver unless the epoch is in force.
func (c *Claims) Check(ctx context.Context, epoch int64) error {
	current, err := c.Epoch(ctx)
	if err != nil {
		return err
	}
	if current != epoch {
		return job.Errorf(job.KindTakenOver, c.folder.URI(), "the output folder was taken over by another job").
			WithHint("this job stops; look at %s for the other one", nameOf(current))
	}
	return nil
}

func (c *Claims) lease(ctx context.Context, epoch int64) (Lease, error) {
	var lease Lease
	err := storage.ReadJSON(ctx, c.folder, nameOf(epoch), &lease)
	return lease, err
}

func later(a, b time.Time) time.Time {
	if a.After(b) {
		return a
	}
	return b
}
