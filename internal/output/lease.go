package output

import (
	"fmt"
	"path"
	"regexp"
	"strconv"
	"strings"
	"time"

	"longhaul/job"
)

// A claim is an object whose name is its epoch: PutIfAbsent lets one of several
// claimants win, and everybody can see by listing who is in force. Beside it
// lies a presence for each open Folder that works there, renewed while it does.
func claimName(epoch int64) string { return fmt.Sprintf("%s/%06d.json", ownerDir, epoch) }

func (f *Folder) presenceName(epoch int64) string {
	return fmt.Sprintf("%s/%06d.%s.json", ownerDir, epoch, f.id)
}

var claimPattern = regexp.MustCompile(`^([0-9]+)\.json$`)

// Epoch is the claim in force; 0 if there is none.
func (f *Folder) Epoch() (int64, error) {
	names, err := f.store.List(ownerDir)
	if err != nil {
		return 0, err
	}
	highest := int64(0)
	for _, name := range names {
		if match := claimPattern.FindStringSubmatch(path.Base(name)); match != nil {
			if epoch, err := strconv.ParseInt(match[1], 10, 64); err == nil {
				highest = max(highest, epoch)
			}
		}
	}
	return highest, nil
}

// Claim takes the folder for the owner, if it is free: never claimed, or claimed
// by the same owner; released or of an ended owner, and nobody is at work there
// any more; or of an owner that nobody knows, and lapsed. Otherwise it says who
// holds it, and returns epoch 0: ask again.
func (f *Folder) Claim(owner job.Owner, duration time.Duration, state func(job.Owner) job.OwnerState) (epoch int64, held *job.Held, err error) {
	current, err := f.Epoch()
	if err != nil {
		return 0, nil, err
	}
	if current > 0 {
		lease, err := f.lease(current)
		switch {
		case isMissing(err):
			// Its owner has just been replaced: ask again.
			return 0, &job.Held{Owner: owner}, nil
		case err != nil:
			return 0, nil, err
		case lease.Owner == owner && !lease.Released:
			return current, nil, nil
		}
		if held, err := f.held(current, lease, state); held != nil || err != nil {
			return 0, held, err
		}
	}
	lease := job.Lease{Owner: owner, Claimed: time.Now().UTC(), Duration: job.Duration(duration)}
	err = f.store.PutIfAbsent(claimName(current+1), writeJSON(lease))
	if isTaken(err) {
		return 0, &job.Held{Owner: owner}, nil
	}
	if err != nil {
		return 0, nil, err
	}
	return current + 1, nil, f.forget(current)
}

// held is nil if the claim is free.
func (f *Folder) held(epoch int64, lease job.Lease, state func(job.Owner) job.OwnerState) (*job.Held, error) {
	held := &job.Held{Owner: lease.Owner}
	until, err := f.busyUntil(epoch, lease)
	if err != nil {
		return nil, err
	}
	if !lease.Released {
		switch state(lease.Owner) {
		case job.OwnerRunning:
			held.Running = true
			return held, nil
		case job.OwnerUnknown:
			until = later(until, lease.Claimed.Add(lease.Duration.Std()))
		case job.OwnerEnded:
		}
	}
	if held.Until = until; time.Now().Before(until) {
		return held, nil
	}
	return nil, nil
}

// busyUntil is when the last presence lapses; zero if there is none.
func (f *Folder) busyUntil(epoch int64, lease job.Lease) (until time.Time, err error) {
	names, err := f.presences(epoch)
	for _, name := range names {
		var presence presence
		err := f.readJSON(name, &presence)
		if isMissing(err) {
			continue
		}
		if err != nil {
			return until, err
		}
		until = later(until, presence.Renewed.Add(lease.Duration.Std()))
	}
	return until, err
}

// presence says that somebody works in the folder.
type presence struct {
	Renewed time.Time `json:"renewed"`
}

func (f *Folder) presences(epoch int64) ([]string, error) {
	names, err := f.store.List(ownerDir)
	prefix := fmt.Sprintf("%s/%06d.", ownerDir, epoch)
	var presences []string
	for _, name := range names {
		if strings.HasPrefix(name, prefix) && name != claimName(epoch) {
			presences = append(presences, name)
		}
	}
	return presences, err
}

// forget deletes a claim that has been replaced.
func (f *Folder) forget(epoch int64) error {
	if epoch == 0 {
		return nil
	}
	names, err := f.presences(epoch)
	if err != nil {
		return err
	}
	return f.store.Delete(append(names, claimName(epoch))...)
}

// Enter says, and says again, that this Folder works under the claim. It fails
// with KindTakenOver if another job has the folder.
func (f *Folder) Enter(epoch int64) error {
	if err := f.Holds(epoch); err != nil {
		return err
	}
	return f.store.Put(f.presenceName(epoch), writeJSON(presence{time.Now().UTC()}))
}

// Leave says that this Folder does not work under the claim any more.
func (f *Folder) Leave(epoch int64) error { return f.store.Delete(f.presenceName(epoch)) }

// Release lets the next job claim the folder as soon as nobody works there.
func (f *Folder) Release(epoch int64) error {
	if err := f.Holds(epoch); err != nil {
		return err
	}
	lease, err := f.lease(epoch)
	if err != nil {
		return err
	}
	lease.Released = true
	return f.store.Put(claimName(epoch), writeJSON(lease))
}

// Owner is who made the claim.
func (f *Folder) Owner(epoch int64) (job.Owner, error) {
	lease, err := f.lease(epoch)
	return lease.Owner, err
}

// Holds fails with KindTakenOver unless the epoch is in force.
func (f *Folder) Holds(epoch int64) error {
	current, err := f.Epoch()
	if err != nil {
		return err
	}
	if current != epoch {
		return job.Errorf(job.KindTakenOver, f.uri, "the output folder was taken over by another job").
			WithHint("this job stops; look at %s for the other one", claimName(current))
	}
	return nil
}

func (f *Folder) lease(epoch int64) (job.Lease, error) {
	var lease job.Lease
	err := f.readJSON(claimName(epoch), &lease)
	return lease, err
}

func later(a, b time.Time) time.Time {
	if a.After(b) {
		return a
	}
	return b
}
