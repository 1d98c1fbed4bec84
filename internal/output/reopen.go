package output

import (
	"context"
	"fmt"
	"io"
	"path"
	"strings"

	"longhaul/job"
)

// Reopen opens the batches again that hold chosen failures, and those that end
// early because the job was limited: all other answers of such a batch go into a
// journal, and its commit is deleted, so that the job calls what is missing and
// makes the part anew. Chosen failures in journals go as well. It returns how many
// failures are to be called again, and the batches that were opened. A kill in
// between loses nothing, and run again it goes on.
func (f *Folder) Reopen(ctx context.Context, epoch int64, chosen func(job.CallError) bool, records, batchRecords int64) (failures int64, batches []job.Partial, err error) {
	if err := f.Holds(epoch); err != nil {
		return 0, nil, err
	}
	var earlier job.EarlierRun
	if failures, err = f.reopenJournals(ctx, epoch, chosen, &earlier); err != nil {
		return failures, nil, err
	}
	numbers, err := f.committed()
	if err != nil {
		return failures, nil, err
	}
	for _, number := range numbers {
		if ctx.Err() != nil {
			return failures, batches, context.Cause(ctx)
		}
		commit, err := f.commit(number)
		if err != nil {
			return failures, batches, err
		}
		whole := job.Range{First: commit.First, Last: min((number+1)*batchRecords, records)}
		opened, err := f.reopen(epoch, commit, whole, chosen, &earlier)
		if err != nil {
			return failures, batches, err
		}
		failures += opened
		if missing := opened + max(0, whole.Last-commit.Last); missing > 0 {
			batches = append(batches, job.Partial{Range: whole, Missing: missing})
		}
	}
	return failures, batches, f.putEarlier(epoch, earlier)
}

// reopen opens one batch again, if it holds chosen failures or is not whole. It
// returns how many failures there are.
func (f *Folder) reopen(epoch int64, commit job.Commit, whole job.Range, chosen func(job.CallError) bool, earlier *job.EarlierRun) (failures int64, err error) {
	discarded, err := f.discardedOf(commit, chosen)
	if err != nil || discarded.Failed == 0 && commit.Last >= whole.Last {
		return 0, err
	}
	if err := f.Holds(epoch); err != nil {
		return 0, err
	}
	// One of another reopening may be left: it would answer for records of this one.
	if err := f.dropJournals(commit.Range); err != nil {
		return 0, err
	}
	name := journalName(commit.Range, fmt.Sprintf("redrive-%06d", epoch), 1)
	if err := f.store.Put(name, func(w io.Writer) error { return f.writeKept(w, commit, chosen) }); err != nil {
		return 0, err
	}
	earlier.Totals = earlier.Add(discarded)
	earlier.Finished = append(earlier.Finished, commit.Finished...)
	earlier.Ended = later(earlier.Ended, commit.Committed)
	return discarded.Failed, f.store.Delete(commitName(commit.Batch))
}

// discardedOf counts the chosen failures of a batch.
func (f *Folder) discardedOf(commit job.Commit, chosen func(job.CallError) bool) (discarded job.Totals, err error) {
	if commit.Errors == nil {
		return discarded, nil
	}
	err = f.eachLine(commit.Errors.Name, true, func(line keptLine) error {
		if chosen(*line.Error) {
			discarded = discarded.Add(line.entry().totals())
		}
		return nil
	})
	return discarded, err
}

// reopenJournals rewrites the journals that hold chosen failures without them.
func (f *Folder) reopenJournals(ctx context.Context, epoch int64, chosen func(job.CallError) bool, earlier *job.EarlierRun) (failures int64, err error) {
	names, err := f.store.List(journalDir)
	if err != nil {
		return 0, err
	}
	for _, name := range names {
		if ctx.Err() != nil {
			return failures, context.Cause(ctx)
		}
		discarded, err := f.discardedIn(name, chosen)
		if err != nil {
			return failures, err
		}
		if discarded.Failed == 0 {
			continue
		}
		next := reopenedName(name, epoch)
		if err := f.store.Put(next, func(w io.Writer) error { return f.copyEntries(w, name, chosen) }); err != nil {
			return failures, err
		}
		if next != name {
			if err := f.store.Delete(name); err != nil {
				return failures, err
			}
		}
		f.mine.Delete(name)
		earlier.Totals = earlier.Add(discarded)
		failures += discarded.Failed
	}
	return failures, nil
}

const reopenedMark = "-reopened-"

// reopenedName replaces the mark of an earlier reopening.
func reopenedName(name string, epoch int64) string {
	base, _, _ := strings.Cut(strings.TrimSuffix(path.Base(name), journalSuffix), reopenedMark)
	return fmt.Sprintf("%s/%s%s%06d%s", journalDir, base, reopenedMark, epoch, journalSuffix)
}
