package output

import (
	"context"

	"longhaul/internal/journal"
	"longhaul/internal/part"
	"longhaul/job"
)

// reopening is one call of Reopen.
type reopening struct {
	*Folder
	chosen func(job.CallError) bool
	// failures counts those that are to be called again, earlier is what was known
	// of the work that is discarded.
	failures int64
	earlier  job.EarlierRun
}

// Reopen opens the batches again that hold chosen failures, and those that end
// early because the job was limited: all other answers of such a batch go into a
// journal, and its commit is deleted, so that the job calls what is missing and
// makes the part anew. Chosen failures in journals go as well. It returns how many
// failures are to be called again, and the batches that were opened. A kill in
// between loses nothing, and run again it goes on.
func (f *Folder) Reopen(ctx context.Context, chosen func(job.CallError) bool, records, batchRecords int64) (failures int64, batches []job.Partial, err error) {
	f.Journals.GroupBy(batchRecords)
	r := &reopening{Folder: f, chosen: chosen}
	if err := r.journals(ctx); err != nil {
		return r.failures, nil, err
	}
	numbers, err := f.Committed(ctx)
	if err != nil {
		return r.failures, nil, err
	}
	for _, number := range numbers {
		commit, err := f.Commit(ctx, number)
		if err != nil {
			return r.failures, batches, err
		}
		whole := job.Range{First: commit.First, Last: min((number+1)*batchRecords, records)}
		opened, err := r.batch(ctx, commit, whole)
		if err != nil {
			return r.failures, batches, err
		}
		r.failures += opened
		if missing := opened + max(0, whole.Last-commit.Last); missing > 0 {
			batches = append(batches, job.Partial{Range: whole, Missing: missing})
		}
	}
	return r.failures, batches, f.putEarlier(ctx, r.earlier)
}

// batch opens one batch again, if it holds chosen failures or is not whole. It
// returns how many failures there are.
func (r *reopening) batch(ctx context.Context, commit job.Commit, whole job.Range) (failures int64, err error) {
	discarded, err := r.discardedOf(ctx, commit)
	if err != nil || discarded.Failed == 0 && commit.Last >= whole.Last {
		return 0, err
	}
	// One of another reopening may be left: it would answer for records of this one.
	if err := r.Journals.Drop(ctx, commit.Range); err != nil {
		return 0, err
	}
	err = r.Journals.Put(ctx, r.Journals.KeptName(commit.Range, r.token.Epoch), func(w *journal.Rewriter) error {
		return r.keep(ctx, w, commit)
	})
	if err != nil {
		return 0, err
	}
	r.earlier.Totals = r.earlier.Add(discarded)
	r.earlier.Finished = append(r.earlier.Finished, commit.Finished...)
	r.earlier.Ended = later(r.earlier.Ended, commit.Committed)
	return discarded.Failed, r.store.Delete(ctx, CommitName(commit.Batch))
}

// discardedOf counts the chosen failures of a batch.
func (r *reopening) discardedOf(ctx context.Context, commit job.Commit) (discarded job.Totals, err error) {
	if commit.Errors == nil {
		return discarded, nil
	}
	err = r.EachFailure(ctx, commit.Errors.Name, func(line part.Line) error {
		if r.chosen(*line.Error) {
			discarded = discarded.Add(line.Totals())
		}
		return nil
	})
	return discarded, err
}

// keep writes all answers of a batch but the chosen failures.
func (r *reopening) keep(ctx context.Context, w *journal.Rewriter, commit job.Commit) error {
	use := func(line part.Line) error {
		if line.Error != nil && r.chosen(*line.Error) {
			return nil
		}
		return w.Keep(journal.FromLine(line))
	}
	// A changed byte must not get into the new part, where its digest would be right.
	err := r.eachLineOf(ctx, commit.Part, use)
	if err == nil && commit.Errors != nil {
		err = r.eachLineOf(ctx, *commit.Errors, use)
	}
	return err
}

// journals rewrites the journals that hold chosen failures without them.
func (r *reopening) journals(ctx context.Context) error {
	names, err := r.Journals.Names(ctx)
	if err != nil {
		return err
	}
	for _, name := range names {
		if err := r.journal(ctx, name); err != nil {
			return err
		}
	}
	return nil
}

func (r *reopening) journal(ctx context.Context, name string) error {
	var discarded job.Totals
	err := r.Journals.Each(ctx, name, func(e journal.Entry) error {
		if r.isChosen(e) {
			discarded = discarded.Add(e.Totals())
		}
		return nil
	})
	if err != nil || discarded.Failed == 0 {
		return err
	}
	next := journal.ReopenedName(name, r.token.Epoch)
	err = r.Journals.Put(ctx, next, func(w *journal.Rewriter) error {
		return r.Journals.Each(ctx, name, func(e journal.Entry) error {
			if r.isChosen(e) {
				return nil
			}
			return w.Keep(e)
		})
	})
	if err == nil && next != name {
		err = r.Journals.Delete(ctx, name)
	}
	if err != nil {
		return err
	}
	r.earlier.Totals = r.earlier.Add(discarded)
	r.failures += discarded.Failed
	return nil
}

// isChosen says whether an entry is a failure that is chosen. One whose line cannot
// be read has a right checksum all the same: it stays.
func (r *reopening) isChosen(e journal.Entry) bool {
	if e.Outcome != journal.Failed {
		return false
	}
	line, err := part.Parse(e.Line)
	return err == nil && line.Error != nil && r.chosen(*line.Error)
}
