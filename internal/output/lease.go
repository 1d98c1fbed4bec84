package output

import (
	"fmt"
	"time"

	"longhaul/job"
)

// A claim is an object whose name is its epoch: PutIfAbsent lets one of several
// claimants win, and everybody can see by listing who is in force.
func claimName(epoch int64) string { return fmt.Sprintf("%s/%06d.json", ownerDir, epoch) }

// Epoch is the claim in force; 0 if there is none.
func (f *Folder) Epoch() (int64, error) {
	names, err := f.store.List(ownerDir)
	if err != nil {
		return 0, err
	}
	highest := int64(0)
	for _, name := range names {
		var epoch int64
		if _, err := fmt.Sscanf(name, ownerDir+"/%d.json", &epoch); err == nil {
			highest = max(highest, epoch)
		}
	}
	return highest, nil
}

// Claim takes the folder for the owner, if it is free: never claimed, claimed
// by the same owner, released, or lapsed, or if ended says that its owner has
// ended. Otherwise it returns the lease in force and epoch 0: ask again.
func (f *Folder) Claim(owner job.Owner, duration time.Duration, ended func(job.Owner) bool) (epoch int64, held *job.Lease, err error) {
	current, err := f.Epoch()
	if err != nil {
		return 0, nil, err
	}
	if current > 0 {
		lease, err := f.lease(current)
		switch {
		case isMissing(err):
			// Its owner has just been replaced: ask again.
			return 0, &job.Lease{Owner: owner}, nil
		case err != nil:
			return 0, nil, err
		case lease.Owner == owner && !lease.Released:
			return current, nil, nil
		case !lease.Released && time.Now().Before(lease.Expires()) && !ended(lease.Owner):
			return 0, &lease, nil
		}
	}
	lease := job.Lease{Owner: owner, Renewed: time.Now().UTC(), Duration: job.Duration(duration)}
	err = f.store.PutIfAbsent(claimName(current+1), writeJSON(lease))
	if isTaken(err) {
		return 0, &lease, nil
	}
	if err != nil {
		return 0, nil, err
	}
	if current > 0 {
		err = f.store.Delete(claimName(current))
	}
	return current + 1, nil, err
}

// Renew keeps a claim from lapsing. It fails with KindTakenOver if another job
// has the folder.
func (f *Folder) Renew(epoch int64) error {
	return f.update(epoch, func(lease *job.Lease) { lease.Renewed = time.Now().UTC() })
}

// Release lets the next job claim the folder at once.
func (f *Folder) Release(epoch int64) error {
	return f.update(epoch, func(lease *job.Lease) { lease.Released = true })
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

func (f *Folder) update(epoch int64, change func(*job.Lease)) error {
	if err := f.Holds(epoch); err != nil {
		return err
	}
	lease, err := f.lease(epoch)
	if err != nil {
		return err
	}
	change(&lease)
	return f.store.Put(claimName(epoch), writeJSON(lease))
}

func (f *Folder) lease(epoch int64) (job.Lease, error) {
	var lease job.Lease
	err := f.readJSON(claimName(epoch), &lease)
	return lease, err
}
