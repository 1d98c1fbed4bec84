package output

import (
	"context"
	"fmt"

	"longhaul/internal/storage"
	"longhaul/job"
)

// A tally is what one process has counted for a claim, so that all of them can
// judge max_failures.
func (f *Folder) tallyName() string {
	return fmt.Sprintf("%s%06d.%s.json", tallyDir, f.token.Epoch, f.Claims.ID())
}

// PutTally writes the counts of this process.
func (f *Folder) PutTally(ctx context.Context, counts job.Totals) error {
	return f.store.Put(ctx, f.tallyName(), storage.JSONWithDigest(counts))
}

// TallyElsewhere is the sum over all other processes.
func (f *Folder) TallyElsewhere(ctx context.Context) (sum job.Totals, err error) {
	entries, err := f.store.List(ctx, fmt.Sprintf("%s%06d.", tallyDir, f.token.Epoch))
	if err != nil {
		return sum, err
	}
	for _, entry := range entries {
		if entry.Name == f.tallyName() {
			continue
		}
		var counts job.Totals
		found, err := f.readNote(ctx, entry.Name, &counts)
		if err != nil {
			return sum, err
		}
		if found {
			sum = sum.Add(counts)
		}
	}
	return sum, nil
}

// dropTallies deletes those of all claims.
func (f *Folder) dropTallies(ctx context.Context) error {
	entries, err := f.store.List(ctx, tallyDir)
	if err != nil {
		return err
	}
	for _, entry := range entries {
		if err := f.store.Delete(ctx, entry.Name); err != nil {
			return err
		}
	}
	return nil
}
