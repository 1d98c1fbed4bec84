package claim

import (
	"context"
	"errors"
	"fmt"
	"io/fs"
	"path"
	"regexp"
	"slices"
	"strconv"
	"time"

	"github.com/google/uuid"

	"longhaul/internal/storage"
	"longhaul/job"
)

const dir = "_longhaul/owner/"

// kept is how many earlier claims are kept, so that their owners are known to have
// been replaced.
const kept = 20

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
	epochs, err := c.epochs(ctx)
	if err != nil || len(epochs) == 0 {
		return 0, err
	}
	return epochs[len(epochs)-1], nil
}

// epochs are those of all claims that are there, in order.
func (c *Claims) epochs(ctx context.Context) ([]int64, error) {
	entries, err := c.folder.List(ctx, dir)
	if err != nil {
		return nil, err
	}
	var epochs []int64
	for _, entry := range entries {
		if match := pattern.FindStringSubmatch(path.Base(entry.Name)); match != nil {
			if epoch, err := strconv.ParseInt(match[1], 10, 64); err == nil {
				epochs = append(epochs, epoch)
			}
		}
	}
	slices.Sort(epochs) // by name 1000000 comes before 999999
	return epochs, nil
}

// Check fails with job.KindTakenOver unless the epoch is in force.
func (c *Claims) Check(ctx context.Context, epoch int64) error {
	current, err := c.Epoch(ctx)
	if err != nil {
		return err
	}
	if current != epoch {
		return c.takenOver(current)
	}
	return nil
}

func (c *Claims) takenOver(by int64) error {
	if by == 0 {
		return job.Errorf(job.KindTakenOver, c.folder.URI(), "the claims to the output folder are gone: %s was emptied", dir).
			WithHint("start the job again with the same output to go on")
	}
	return job.Errorf(job.KindTakenOver, c.folder.URI(), "the output folder was taken over by another job").
		WithHint("this job stops; look at %s for the other one", nameOf(by))
}

// Confirm fails with job.KindTakenOver unless the epoch is in force and its job goes on.
func (c *Claims) Confirm(ctx context.Context, epoch int64) error {
	if err := c.Check(ctx, epoch); err != nil {
		return err
	}
	lease, err := c.lease(ctx, epoch)
	switch {
	case errors.Is(err, fs.ErrNotExist):
		return c.Check(ctx, epoch) // it has just been replaced
	case err != nil:
		return err
	case lease.Released:
		return c.ended()
	}
	return nil
}

func (c *Claims) ended() error {
	return job.Errorf(job.KindTakenOver, c.folder.URI(), "this job has ended, and its claim to the output folder with it").
		WithHint("nothing is done for it any more; start another job to go on in this folder")
}

// Release ends the claim: nothing is written under it any more, and the next job can
// claim the folder as soon as nobody works there. The summary is kept if the job has
// finished; nil if it has not.
func (c *Claims) Release(ctx context.Context, token storage.Token, summary *job.Summary) error {
	if err := c.Check(ctx, token.Epoch); err != nil {
		return err
	}
	lease, err := c.lease(ctx, token.Epoch)
	if err != nil {
		return err
	}
	lease.Released, lease.Summary = true, summary
	if err := c.folder.Put(ctx, nameOf(token.Epoch), storage.JSONWithDigest(lease)); err != nil {
		return err
	}
	return c.folder.Revoke(ctx, token)
}

// Finished is what became of the job that had the claim; nil if it has not finished. It is
// known also when another job has the folder since.
func (c *Claims) Finished(ctx context.Context, epoch int64) (*job.Summary, error) {
	lease, err := c.lease(ctx, epoch)
	if errors.Is(err, fs.ErrNotExist) {
		return nil, nil // very many others have had the folder since
	}
	return lease.Summary, err
}

// Owner is who made the claim.
func (c *Claims) Owner(ctx context.Context, epoch int64) (Owner, error) {
	lease, err := c.lease(ctx, epoch)
	return lease.Owner, err
}

// lease reads a claim. Of one that is damaged only the time is known: it is in force
// like one of an owner that no server knows.
func (c *Claims) lease(ctx context.Context, epoch int64) (Lease, error) {
	var lease Lease
	modified, err := c.read(ctx, nameOf(epoch), &lease)
	if isDamaged(err) || err == nil && (lease.WorkflowID == "" || lease.Duration < 0) {
		return Lease{Claimed: modified, Duration: damagedFor, Damaged: true}, nil
	}
	return lease, err
}

// damagedFor is how long a damaged claim or presence is in force.
const damagedFor = job.Duration(time.Minute)

// read decodes a claim or a presence, and says when it was written.
func (c *Claims) read(ctx context.Context, name string, into any) (modified time.Time, err error) {
	object, err := c.folder.Open(ctx, name)
	if err != nil {
		return modified, err
	}
	modified = object.ModTime()
	if err := object.Close(); err != nil {
		return modified, err
	}
	return modified, storage.ReadJSON(ctx, c.folder, name, into)
}

func isDamaged(err error) bool { return job.KindOf(err) == job.KindOutput }

func later(a, b time.Time) time.Time {
	if a.After(b) {
		return a
	}
	return b
}
