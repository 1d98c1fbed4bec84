package claim

import (
	"context"
	"errors"
	"io/fs"
	"time"

	"github.com/google/uuid"

	"longhaul/internal/storage"
	"longhaul/job"
)

// Take claims the folder for the owner, if it is free: never claimed, or claimed
// by an earlier attempt of the same owner; released or of an ended owner, and nobody is
// at work there any more; or of an owner that nobody knows, and lapsed. When it returns
// a token, no write under an earlier claim, or of an earlier attempt, takes effect any
// more. Otherwise it says who holds the folder, and returns no token: ask again. An
// owner whose claim has ended, because its job has or because the folder was taken over,
// gets no other, nor does an earlier attempt: job.KindTakenOver.
func (c *Claims) Take(ctx context.Context, by Claimant, duration time.Duration, state StateOf) (token storage.Token, held *Held, err error) {
	none := storage.Token{}
	epochs, err := c.epochs(ctx)
	if err != nil {
		return none, nil, err
	}
	current := int64(0)
	for _, current = range epochs {
		lease, err := c.lease(ctx, current)
		if errors.Is(err, fs.ErrNotExist) {
			continue // deleted meanwhile
		}
		if err != nil {
			return none, nil, err
		}
		isLast := current == epochs[len(epochs)-1]
		if lease.Owner == by.Owner {
			switch {
			case lease.Released:
				return none, nil, c.ended()
			case by.Attempt < lease.Attempt || by.Attempt == lease.Attempt && !isLast:
				return none, nil, c.takenOver(epochs[len(epochs)-1])
			case by.Attempt == lease.Attempt:
				return c.fence(ctx, storage.Token{Epoch: current, ID: lease.Token})
			}
		}
		if !isLast || lease.Owner == by.Owner {
			continue
		}
		if held, err := c.held(ctx, current, lease, by.Owner, state); held != nil || err != nil {
			return none, held, err
		}
	}
	lease := Lease{Claimant: by, Claimed: time.Now().UTC(), Duration: job.Duration(duration), Token: uuid.NewString()}
	err = c.folder.PutIfAbsent(ctx, nameOf(current+1), storage.JSONWithDigest(lease))
	if errors.Is(err, fs.ErrExist) { // somebody else was first
		return none, &Held{Owner: by.Owner}, nil
	}
	if err != nil {
		return none, nil, err
	}
	return c.fence(ctx, storage.Token{Epoch: current + 1, ID: lease.Token})
}

func (c *Claims) fence(ctx context.Context, token storage.Token) (storage.Token, *Held, error) {
	if err := c.Fence(ctx, token); err != nil {
		return storage.Token{}, nil, err
	}
	return token, nil, c.forget(ctx, token.Epoch)
}

// Fence lets the holder of a token write, and ends all that goes on under earlier claims.
// Who was overtaken on the way here takes its own token back.
func (c *Claims) Fence(ctx context.Context, token storage.Token) error {
	if err := c.folder.Fence(ctx, token); err != nil {
		return err
	}
	if err := c.Check(ctx, token.Epoch); err != nil {
		return errors.Join(err, c.folder.Revoke(ctx, token))
	}
	return nil
}

// cutAfter is when the last calls of a workflow that has ended are cut off, in parts of the
// lease: one heartbeat timeout, which is a third of it, and half of one for clocks that differ.
const cutAfter = 0.5

// held is nil if the claim is free.
func (c *Claims) held(ctx context.Context, epoch int64, lease Lease, by Owner, state StateOf) (*Held, error) {
	held := &Held{Owner: lease.Owner, Damaged: lease.Damaged}
	until, err := c.presentUntil(ctx, epoch, lease)
	if err != nil {
		return nil, err
	}
	if !lease.Released {
		known, ended := Unknown, time.Time{}
		if !lease.Damaged {
			if known, ended, err = c.stateFor(ctx, by, lease.Owner, state); err != nil {
				return nil, err
			}
		}
		switch known {
		case Running:
			held.Running = true
			return held, nil
		case Unknown:
			until = later(until, lease.Claimed.Add(lease.Duration.Std()))
		case Ended:
			// Who has not renewed its presence, because its disk was slow, learns by its
			// heartbeat that the workflow has ended, or cuts its calls off.
			if !until.IsZero() && !ended.IsZero() {
				until = later(until, ended.Add(time.Duration(cutAfter*float64(lease.Duration))))
			}
		}
	}
	if held.Until = until; time.Now().Before(until) {
		return held, nil
	}
	return nil, nil
}

// stateFor is the state of an owner as another one needs it. Of a workflow only one run
// is open: if it asks, all other runs have ended, also those that it continues.
func (c *Claims) stateFor(ctx context.Context, by, owner Owner, state StateOf) (State, time.Time, error) {
	if by.Namespace != owner.Namespace || by.WorkflowID != owner.WorkflowID {
		return state(ctx, owner)
	}
	known, _, err := state(ctx, by)
	switch {
	case err != nil:
		return Unknown, time.Time{}, err
	case known == Ended:
		return Unknown, time.Time{}, c.ended()
	}
	of, ended, err := state(ctx, owner)
	if err == nil && known == Running && of == Running {
		of = Ended
	}
	return of, ended, err // on another server it may be unknown
}

// forget deletes presences under earlier claims, and all but the last of these.
func (c *Claims) forget(ctx context.Context, below int64) error {
	epochs, err := c.epochs(ctx)
	if err != nil {
		return err
	}
	var names []string
	for i, epoch := range epochs {
		if epoch >= below {
			break
		}
		present, err := c.presences(ctx, epoch)
		if err != nil {
			return err
		}
		names = append(names, present...)
		if i < len(epochs)-kept {
			names = append(names, nameOf(epoch))
		}
	}
	return c.folder.Delete(ctx, names...)
}
