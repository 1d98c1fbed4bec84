package activities

import (
	"context"

	"go.temporal.io/sdk/activity"

	"longhaul/internal/inspect"
	"longhaul/internal/output"
	"longhaul/job"
)

// readAttempts is how many attempts a journal that cannot be read gets. Then its answers
// are lost, and their calls are made again.
const readAttempts = 4

// FlushBatch merges a batch's journals into its part and commits it. Run twice,
// it changes nothing. If promised answers are gone, it says which, and commits nothing.
func (a *Activities) FlushBatch(ctx context.Context, ref job.Ref, batch job.Batch) (job.Flushed, error) {
	ctx, beat := a.startHeartbeat(ctx)
	defer beat.end()
	s, done, err := a.open(ctx, ref)
	if err != nil {
		return job.Flushed{}, a.toTemporal(ctx, beat, ref.CapabilityTimeout, err)
	}
	defer done()
	beat.able(ctx)
	flush := s.Output.Flush
	if activity.GetInfo(ctx).Attempt > readAttempts {
		flush = s.Output.FlushReadable
	}
	var flushed output.Flushed
	err = whenThereIsRoom(ctx, beat, func() (err error) {
		flushed, err = flush(ctx, batch)
		return err
	})
	if len(flushed.Lost) > 0 {
		activity.GetLogger(ctx).Warn("answers that were on disk are gone: their calls are made again", "job_id", ref.JobID,
			"batch", batch.Number, "lost", flushed.Lost)
	}
	return job.Flushed{Totals: flushed.Totals, Lost: flushed.Lost}, toApplicationError(ctx, err)
}

// FinishJob writes the report, checks that the commits cover every record once,
// and writes _SUCCESS.
func (a *Activities) FinishJob(ctx context.Context, ref job.Ref) (job.Summary, error) {
	ctx, beat := a.startHeartbeat(ctx)
	defer beat.end()
	summary, err := a.finishJob(ctx, ref, beat)
	if job.KindOf(err) == job.KindTakenOver {
		// An attempt before this one may have finished, and its answer been lost.
		finished, readErr := a.sessions.Finished(ctx, ref)
		switch {
		case finished != nil && readErr == nil:
			return *finished, nil
		case job.KindOf(readErr) == job.KindStorage:
			err = readErr // nothing is known yet
		}
	}
	return summary, a.toTemporal(ctx, beat, ref.CapabilityTimeout, err)
}

func (a *Activities) finishJob(ctx context.Context, ref job.Ref, beat *heartbeat) (summary job.Summary, err error) {
	s, done, err := a.open(ctx, ref)
	if err != nil {
		return summary, err
	}
	defer done()
	beat.able(ctx)
	finished := inspect.Folder{Folder: s.Output, Manifest: s.Manifest}
	if err := finished.WriteReport(ctx); err != nil {
		// It only informs, and longhaul report makes it again.
		activity.GetLogger(ctx).Warn("no report", "error", err)
	}
	err = whenThereIsRoom(ctx, beat, func() (err error) {
		summary, err = s.Output.Finish(ctx, ref, s.Manifest.Records(), s.Manifest.Spec.BatchRecords())
		return err
	})
	if err == nil {
		s.End()
	}
	return summary, err
}
