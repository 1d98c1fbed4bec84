package inspect

import (
	"context"
	"errors"
	"io/fs"
	"maps"
	"slices"

	"longhaul/internal/journal"
	"longhaul/job"
)

// eachJournaled gives one entry for each record that has an answer in the
// journals of these batches. A batch that was committed meanwhile is given to
// done instead.
func (f *Folder) eachJournaled(ctx context.Context, journals map[int64][]string, use func(journal.Entry) error, done func(batch int64) error) error {
	for _, number := range slices.Sorted(maps.Keys(journals)) {
		opened, err := f.Journals.Open(ctx, journals[number])
		if err != nil {
			return err
		}
		// Journals are deleted after the commit only: without one, all are open.
		_, err = f.Commit(ctx, number)
		switch {
		case err == nil:
			err = done(number)
		case errors.Is(err, fs.ErrNotExist):
			err = opened.EachAnswer(f.rangeOf(number), use)
		}
		if err := errors.Join(err, opened.Close()); err != nil {
			return err
		}
	}
	return nil
}

// rangeOf is the records of a batch.
func (f *Folder) rangeOf(batch int64) job.Range {
	size := f.Manifest.Spec.BatchRecords()
	return job.Range{First: batch * size, Last: min((batch+1)*size, f.Manifest.Records())}
}
