package inspect

import (
	"context"
	"errors"
	"io/fs"

	"longhaul/internal/journal"
	"longhaul/internal/part"
	"longhaul/job"
)

// Failed is a record that failed.
type Failed struct {
	Index int64
	Error job.CallError
	// Line is that of the errors part, without its line feed; valid until the next
	// record.
	Line []byte
	// Journaled: its batch is not done, so it is in no part yet.
	Journaled bool
}

// eachFailed gives every failed record of the job, also of one that has not ended:
// first those of the errors parts, in input order, then those that are only in
// journals. The job may go on meanwhile.
func (f *Folder) eachFailed(ctx context.Context, use func(Failed) error) error {
	journaled, err := f.Journals.ByBatch(ctx, f.Manifest.Spec.BatchRecords())
	if err != nil {
		return err
	}
	numbers, err := f.Committed(ctx)
	if err != nil {
		return err
	}
	for _, number := range numbers {
		delete(journaled, number)
		if err := f.failedOf(ctx, number, use); err != nil {
			return err
		}
	}
	return f.eachJournaled(ctx, journaled, func(e journal.Entry) error {
		if e.Outcome != journal.Failed {
			return nil
		}
		line, err := part.Parse(e.Line)
		if err != nil || line.Error == nil {
			return nil //nolint:nilerr // as a damaged line: its call is made again
		}
		return use(Failed{Index: e.Index, Error: *line.Error, Line: e.Line, Journaled: true})
	}, func(number int64) error { return f.failedOf(ctx, number, use) })
}

// failedOf gives the failed records of a batch that is done. One that has been
// opened again since has none.
func (f *Folder) failedOf(ctx context.Context, number int64, use func(Failed) error) error {
	commit, err := f.Commit(ctx, number)
	if errors.Is(err, fs.ErrNotExist) || err == nil && commit.Errors == nil {
		return nil
	}
	if err != nil {
		return err
	}
	err = f.EachFailure(ctx, commit.Errors.Name, func(line part.Line) error {
		return use(Failed{Index: line.Index, Error: *line.Error, Line: line.Text})
	})
	if errors.Is(err, fs.ErrNotExist) {
		if _, now := f.Commit(ctx, number); errors.Is(now, fs.ErrNotExist) {
			return nil
		}
	}
	return err
}
