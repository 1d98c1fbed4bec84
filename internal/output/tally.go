package output

import (
	"fmt"
	"strings"

	"longhaul/job"
)

// A tally is what one process has counted for a claim, so that all of them can
// judge max_failures.
func (f *Folder) tallyName(epoch int64) string {
	return fmt.Sprintf("%s/%06d.%s.json", tallyDir, epoch, f.id)
}

// PutTally writes the counts of this process.
func (f *Folder) PutTally(epoch int64, counts job.Totals) error {
	return f.store.Put(f.tallyName(epoch), writeJSON(counts))
}

// TallyElsewhere is the sum over all other processes.
func (f *Folder) TallyElsewhere(epoch int64) (sum job.Totals, err error) {
	names, err := f.store.List(tallyDir)
	if err != nil {
		return sum, err
	}
	for _, name := range names {
		if !strings.HasPrefix(name, fmt.Sprintf("%s/%06d.", tallyDir, epoch)) || name == f.tallyName(epoch) {
			continue
		}
		var counts job.Totals
		if err := f.readJSON(name, &counts); err != nil && !isMissing(err) {
			return sum, err
		}
		sum = sum.Add(counts)
	}
	return sum, nil
}

// dropTallies deletes those of all claims.
func (f *Folder) dropTallies() error {
	names, err := f.store.List(tallyDir)
	if err != nil {
		return err
	}
	return f.store.Delete(names...)
}
