package output

import (
	"context"
	"fmt"

	"longhaul/internal/storage"
	"longhaul/job"
)

// A tally is what one process has counted for a claim, so that all of them can
// judge max_failures.
func (f *Folder) tallyName(epoch int64) string {
	return fmt.Sprintf("%s%06d.%s.json", tallyDir, epoch, f.Claims.ID())
}

// PutTally writes the counts of this process.
func (f *Folder) PutTally(ctx context.Context, epoch int64, counts job.Totals) error {
	return f.store.Put(ctx, f.tallyName(epoch), storage.JSON(counts))
}

// TallyElsewhere is the sum over all other processes.
func (f *Folder) TallyElsewhere(ctx context.Context, epoch int64) (sum job.Totals, err error) {
	entries, err := f.store.List(ctx, fmt.Sprintf("%s%06d.", tallyDir, epoch))
	if err != nil {
		return sum, err
	}
	for _, entry := range entries {
		if entry.Name == f.tallyName(epoch) {
			continue
		}
		var counts job.Totals
		if err := f.readJSON(ctx, entry.Name, &counts); err != nil && !isMissing(err) {
			return sum, err
		}
		sum = sum.Add(counts)
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
