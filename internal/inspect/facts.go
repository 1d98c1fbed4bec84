package inspect

import (
	"context"
	"errors"
	"io"
	"io/fs"
	"path"
	"slices"
	"time"

	"longhaul/internal/failures"
	"longhaul/internal/journal"
	"longhaul/internal/latency"
	"longhaul/internal/report"
	"longhaul/job"
)

// Report makes report.html of an output folder again, and returns its name.
func Report(ctx context.Context, uri string) (name string, err error) {
	folder, err := Open(ctx, uri)
	if err != nil {
		return "", err
	}
	defer func() { err = errors.Join(err, folder.Close()) }()
	return path.Join(uri, "report.html"), folder.WriteReport(ctx)
}

// WriteReport writes report.html into the folder.
func (f *Folder) WriteReport(ctx context.Context) error {
	facts, err := f.Facts(ctx)
	if err != nil {
		return err
	}
	return f.PutReport(ctx, func(w io.Writer) error { return report.Write(w, facts) })
}

// Facts gathers what the commits, the journals of batches that are not done, the
// errors parts and the changed settings tell.
func (f *Folder) Facts(ctx context.Context) (report.Facts, error) {
	facts := report.Facts{
		JobID: f.Manifest.JobID, Spec: f.Manifest.Spec, Records: f.Manifest.Records(), Started: f.Manifest.Created,
	}
	if err := f.count(ctx, &facts); err != nil {
		return facts, err
	}
	groups := failures.NewGroups()
	err := f.eachFailed(ctx, func(failed Failed) error {
		groups.Add(failed.Index, failed.Error)
		return nil
	})
	if err != nil {
		return facts, err
	}
	facts.Failures = groups.Sorted()
	if facts.State, err = f.state(ctx, facts); err != nil {
		return facts, err
	}
	if facts.Earlier, err = f.Earlier(ctx); err != nil {
		return facts, err
	}
	control, err := f.Control(ctx)
	switch {
	case job.KindOf(err) == job.KindOutput: // its changes are not in the report
		return facts, nil
	case err == nil && control != nil:
		facts.Changes = control.Changes
	}
	return facts, err
}

// count adds the commits, and what is in no part yet.
func (f *Folder) count(ctx context.Context, facts *report.Facts) error {
	journals, err := f.Journals.ByBatch(ctx, f.Manifest.Spec.BatchRecords())
	if err != nil {
		return err
	}
	numbers, err := f.Committed(ctx)
	if err != nil {
		return err
	}
	latencies := latency.New()
	for _, number := range numbers {
		delete(journals, number)
		if err := f.countCommit(ctx, number, facts, latencies); err != nil {
			return err
		}
	}
	err = f.eachJournaled(ctx, journals, func(e journal.Entry) error {
		facts.Journaled = facts.Journaled.Add(e.Totals())
		latencies.Record(e.Latency)
		return nil
	}, func(number int64) error { return f.countCommit(ctx, number, facts, latencies) })
	facts.Totals, facts.Latency = facts.Add(facts.Journaled), latencies.Encode()
	return err
}

// countCommit adds the commit of a batch, unless the batch has been opened again.
func (f *Folder) countCommit(ctx context.Context, number int64, facts *report.Facts, latencies *latency.Histogram) error {
	commit, err := f.Commit(ctx, number)
	if errors.Is(err, fs.ErrNotExist) {
		return nil
	}
	if err != nil {
		return err
	}
	facts.Totals = facts.Add(commit.Totals)
	facts.Finished = fewer(append(facts.Finished, commit.Finished...))
	facts.Ended = later(facts.Ended, commit.Committed)
	latencies.Merge(commit.Latency)
	return nil
}

// maxTimings bounds what is kept of a job's chunks: the report draws fewer points.
const maxTimings = 8192

// fewer joins timings, each with the next one, when they are too many.
func fewer(timings []job.ChunkTiming) []job.ChunkTiming {
	if len(timings) < maxTimings {
		return timings
	}
	joined := timings[:0]
	for pair := range slices.Chunk(timings, 2) {
		one := pair[0]
		for _, next := range pair[1:] {
			one.From, one.At, one.Records = earlier(one.From, next.From), later(one.At, next.At), one.Records+next.Records
		}
		joined = append(joined, one)
	}
	return slices.Clip(slices.Clone(joined))
}

func earlier(a, b time.Time) time.Time {
	if b.Before(a) {
		return b
	}
	return a
}

// state is how the job stands, by what the folder tells.
func (f *Folder) state(ctx context.Context, facts report.Facts) (report.State, error) {
	if facts.Subtract(facts.Journaled).Done() == facts.Records {
		return report.State{Name: report.Finished}, nil
	}
	busy, err := f.Claims.AtWork(ctx)
	if busy {
		return report.State{Name: report.Running}, err
	}
	state := report.State{Name: report.Stopped}
	stop, stopErr := f.Stopped(ctx)
	if stop != nil {
		state.Why = stop.Reason
	}
	return state, errors.Join(err, stopErr)
}

func later(a, b time.Time) time.Time {
	if a.After(b) {
		return a
	}
	return b
}
