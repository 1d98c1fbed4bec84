package output

import (
	"fmt"

	"longhaul/job"
)

func earlierName(epoch int64) string { return fmt.Sprintf("%s/%06d.json", earlierDir, epoch) }

// putEarlier keeps what was known of the batches and failures that were discarded.
// Run again after a kill, it adds to what is there.
func (f *Folder) putEarlier(epoch int64, run job.EarlierRun) error {
	if run.Failed == 0 && len(run.Finished) == 0 {
		return nil
	}
	var before job.EarlierRun
	if err := f.readJSON(earlierName(epoch), &before); err != nil && !isMissing(err) {
		return err
	}
	stop, err := f.Stopped()
	if err != nil {
		return err
	}
	if stop != nil {
		run.Why, run.Ended = stop.Reason, later(run.Ended, stop.At)
	}
	run.Totals, run.Finished = run.Add(before.Totals), append(before.Finished, run.Finished...)
	run.Ended = later(run.Ended, before.Ended)
	return f.store.Put(earlierName(epoch), writeJSON(run))
}

// Earlier are the runs of which something was discarded, the first one first.
func (f *Folder) Earlier() ([]job.EarlierRun, error) {
	names, err := f.store.List(earlierDir)
	if err != nil {
		return nil, err
	}
	runs := make([]job.EarlierRun, 0, len(names))
	for _, name := range names {
		var run job.EarlierRun
		if err := f.readJSON(name, &run); err != nil {
			return nil, err
		}
		runs = append(runs, run)
	}
	return runs, nil
}

// Stopped is why the job was stopped by what its calls came to; nil if it was not.
func (f *Folder) Stopped() (*job.StopError, error) {
	var stop job.StopError
	err := f.readJSON(stoppedName, &stop)
	if isMissing(err) {
		return nil, nil
	}
	if err != nil {
		return nil, err
	}
	return &stop, nil
}

// PutStopped says why the job was stopped.
func (f *Folder) PutStopped(epoch int64, stop job.StopError) error {
	if err := f.Holds(epoch); err != nil {
		return err
	}
	return f.store.Put(stoppedName, writeJSON(stop))
}

// GoOn forgets why the job was stopped.
func (f *Folder) GoOn() error { return f.store.Delete(stoppedName) }
