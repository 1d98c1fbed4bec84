package activities

import (
	"context"

	"go.temporal.io/sdk/activity"

	"longhaul/internal/inspect"
	"longhaul/job"
)

// FlushBatch merges a batch's journals into its part and commits it. Run twice,
// it changes nothing.
func (a *Activities) FlushBatch(ctx context.Context, ref job.Ref, batch job.Batch) (job.Totals, error) {
	beat := startHeartbeat(ctx)
	defer beat.end()
	s, done, err := a.open(ctx, ref)
	if err != nil {
		return job.Totals{}, a.toTemporal(ctx, beat, ref.CapabilityTimeout, err)
	}
	defer done()
	beat.able(ctx)
	commit, err := s.Output.Flush(ctx, ref.Epoch, batch)
	return commit.Totals, toApplicationError(ctx, err)
}

// FinishJob writes the report, checks that the commits cover every record once,
// and writes _SUCCESS.
func (a *Activities) FinishJob(ctx context.Context, ref job.Ref) (job.Summary, error) {
	beat := startHeartbeat(ctx)
	defer beat.end()
	s, done, err := a.open(ctx, ref)
	if err != nil {
		return job.Summary{}, a.toTemporal(ctx, beat, ref.CapabilityTimeout, err)
	}
	defer done()
	beat.able(ctx)
	finished := inspect.Folder{Folder: s.Output, Manifest: s.Manifest}
	if err := finished.WriteReport(ctx); err != nil {
		// It only informs, and longhaul report makes it again.
		activity.GetLogger(ctx).Warn("no report", "error", err)
	}
	summary, err := s.Output.Finish(ctx, ref, s.Manifest.Records(), s.Manifest.Spec.BatchRecords())
	if err == nil {
		s.End()
	}
	return summary, toApplicationError(ctx, err)
}
