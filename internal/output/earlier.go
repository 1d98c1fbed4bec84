package output

import (
	"context"
	"fmt"
	"time"

	"longhaul/internal/storage"
	"longhaul/job"
)

func earlierName(epoch int64) string { return fmt.Sprintf("%s%06d.json", earlierDir, epoch) }

// putEarlier keeps what was known of the batches and failures that were discarded.
// Run again after a kill, it adds to what is there.
func (f *Folder) putEarlier(ctx context.Context, run job.EarlierRun) error {
	if run.Failed == 0 && len(run.Finished) == 0 {
		return nil
	}
	var before job.EarlierRun
	if found, err := f.readNote(ctx, earlierName(f.token.Epoch), &before); err != nil {
		return err
	} else if !found {
		before = job.EarlierRun{}
	}
	stop, err := f.Stopped(ctx)
	if err != nil {
		return err
	}
	if stop != nil {
		run.Why, run.Ended = stop.Reason, later(run.Ended, stop.At)
	}
	run.Totals, run.Finished = run.Add(before.Totals), append(before.Finished, run.Finished...)
	run.Ended = later(run.Ended, before.Ended)
	return f.store.Put(ctx, earlierName(f.token.Epoch), storage.JSONWithDigest(run))
}

// Earlier are the runs of which something was discarded, the first one first.
func (f *Folder) Earlier(ctx context.Context) ([]job.EarlierRun, error) {
	entries, err := f.store.List(ctx, earlierDir)
	if err != nil {
		return nil, err
	}
	runs := make([]job.EarlierRun, 0, len(entries))
	for _, entry := range entries {
		var run job.EarlierRun
		found, err := f.readNote(ctx, entry.Name, &run)
		if err != nil {
			return nil, err
		}
		if found {
			runs = append(runs, run)
		}
	}
	return runs, nil
}

// Stopped is why the job was stopped by what its calls came to; nil if it was not.
func (f *Folder) Stopped(ctx context.Context) (*job.StopError, error) {
	var stop job.StopError
	found, err := f.readNote(ctx, stoppedName, &stop)
	if !found {
		return nil, err
	}
	return &stop, nil
}

// PutStopped says why the job was stopped.
func (f *Folder) PutStopped(ctx context.Context, stop job.StopError) error {
	return f.store.Put(ctx, stoppedName, storage.JSONWithDigest(stop))
}

// ClearStopped forgets why the job was stopped.
func (f *Folder) ClearStopped(ctx context.Context) error { return f.store.Delete(ctx, stoppedName) }

func later(a, b time.Time) time.Time {
	if a.After(b) {
		return a
	}
	return b
}
