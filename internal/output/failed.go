package output

import (
	"context"
	"encoding/json"

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

// EachFailed gives every failed record of the job, also of one that has not ended:
// first those of the errors parts, in input order, then those that are only in
// journals. It writes nothing, and the job may go on meanwhile.
func (f *Folder) EachFailed(ctx context.Context, manifest job.Manifest, use func(Failed) error) error {
	journaled, err := f.unflushed(manifest)
	if err != nil {
		return err
	}
	numbers, err := f.committed()
	if err != nil {
		return err
	}
	for _, number := range numbers {
		delete(journaled, number)
		if err := f.failedOf(ctx, number, use); err != nil {
			return err
		}
	}
	return f.eachJournaled(ctx, manifest, journaled, func(e entry) error {
		if e.outcome != failed {
			return nil
		}
		var line keptLine
		if err := json.Unmarshal(e.line, &line); err != nil || line.Error == nil {
			return nil //nolint:nilerr // as a damaged line: its call is made again
		}
		return use(Failed{Index: e.index, Error: *line.Error, Line: e.line, Journaled: true})
	}, func(number int64) error { return f.failedOf(ctx, number, use) })
}

// failedOf gives the failed records of a batch that is done. One that has been
// opened again since has none.
func (f *Folder) failedOf(ctx context.Context, number int64, use func(Failed) error) error {
	commit, err := f.commit(number)
	if isMissing(err) || err == nil && commit.Errors == nil {
		return nil
	}
	if err != nil {
		return err
	}
	err = f.eachLine(commit.Errors.Name, true, func(line keptLine) error {
		if ctx.Err() != nil {
			return context.Cause(ctx)
		}
		return use(Failed{Index: line.Index, Error: *line.Error, Line: line.text})
	})
	if isMissing(err) {
		if _, now := f.commit(number); isMissing(now) {
			return nil
		}
	}
	return err
}
