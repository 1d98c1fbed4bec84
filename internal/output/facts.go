package output

import (
	"context"
	"errors"
	"io"
	"time"

	"github.com/HdrHistogram/hdrhistogram-go"

	"longhaul/internal/failures"
	"longhaul/job"
)

const reportName = "report.html"

// Facts gathers what the commits, the journals of batches that are not done, the
// errors parts and the changed settings tell.
func (f *Folder) Facts(ctx context.Context, manifest job.Manifest) (job.Facts, error) {
	facts := job.Facts{
		JobID: manifest.JobID, Spec: manifest.Spec, Records: manifest.Records(), Started: manifest.Created,
	}
	latency := NewLatencies()
	if err := f.counted(ctx, manifest, &facts, latency); err != nil {
		return facts, err
	}
	facts.Latency = latency.Encode()
	groups := failures.NewGroups()
	err := f.EachFailed(ctx, manifest, func(failed Failed) error {
		groups.Add(failed.Index, failed.Error)
		return nil
	})
	if err != nil {
		return facts, err
	}
	facts.Failures = groups.Sorted()
	if facts.State, err = f.state(facts); err != nil {
		return facts, err
	}
	if facts.Earlier, err = f.Earlier(); err != nil {
		return facts, err
	}
	control, err := f.Control()
	if err == nil && control != nil {
		facts.Changes = control.Changes
	}
	return facts, err
}

// counted adds the commits, and what is in no part yet.
func (f *Folder) counted(ctx context.Context, manifest job.Manifest, facts *job.Facts, latency *Latencies) error {
	journals, err := f.unflushed(manifest)
	if err != nil {
		return err
	}
	numbers, err := f.committed()
	if err != nil {
		return err
	}
	for _, number := range numbers {
		if ctx.Err() != nil {
			return context.Cause(ctx)
		}
		delete(journals, number)
		if err := f.countCommit(number, facts, latency); err != nil {
			return err
		}
	}
	err = f.eachJournaled(ctx, manifest, journals, func(e entry) error {
		facts.Journaled = facts.Journaled.Add(e.totals())
		latency.Record(time.Duration(e.latency) * time.Microsecond)
		return nil
	}, func(number int64) error { return f.countCommit(number, facts, latency) })
	facts.Totals = facts.Add(facts.Journaled)
	return err
}

// countCommit adds the commit of a batch, unless the batch has been opened again.
func (f *Folder) countCommit(number int64, facts *job.Facts, latency *Latencies) error {
	commit, err := f.commit(number)
	if isMissing(err) {
		return nil
	}
	if err != nil {
		return err
	}
	facts.Totals = facts.Add(commit.Totals)
	facts.Finished = append(facts.Finished, commit.Finished...)
	facts.Ended = later(facts.Ended, commit.Committed)
	if histogram, err := hdrhistogram.Decode([]byte(commit.Latency)); err == nil {
		latency.histogram.Merge(histogram)
	}
	return nil
}

// state is how the job stands, by what the folder tells.
func (f *Folder) state(facts job.Facts) (job.Standing, error) {
	if facts.Subtract(facts.Journaled).Done() == facts.Records {
		return job.Standing{Name: job.StateFinished}, nil
	}
	busy, err := f.AtWork()
	if busy {
		return job.Standing{Name: job.StateRunning}, err
	}
	standing := job.Standing{Name: job.StateStopped}
	stop, stopErr := f.Stopped()
	if stop != nil {
		standing.Why = stop.Reason
	}
	return standing, errors.Join(err, stopErr)
}

// AtWork says whether a worker is at work in the folder: it renews its presence
// while it is. One that was killed seems to be for the length of its lease.
func (f *Folder) AtWork() (bool, error) {
	epoch, err := f.Epoch()
	if err != nil || epoch == 0 {
		return false, err
	}
	lease, err := f.lease(epoch)
	if isMissing(err) {
		return true, nil // it has just been replaced
	}
	if err != nil {
		return false, err
	}
	until, err := f.busyUntil(epoch, lease)
	return time.Now().Before(until), err
}

// PutReport writes the report.
func (f *Folder) PutReport(write func(io.Writer) error) error { return f.store.Put(reportName, write) }
