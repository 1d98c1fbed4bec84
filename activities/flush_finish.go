package activities

import (
	"context"

	"go.temporal.io/sdk/activity"

	"longhaul/job"
)

// FlushBatch merges a batch's journals into its part and commits it. Run twice,
// it changes nothing.
func (a *Activities) FlushBatch(ctx context.Context, ref job.Ref, batch job.Batch) (job.Totals, error) {
	beat := startHeartbeat(ctx)
	defer beat.end()
	opened, done, err := a.jobs.Open(ref)
	if err != nil {
		return job.Totals{}, atTheEdge(ctx, err)
	}
	defer done()
	commit, err := opened.Folder.Flush(ctx, ref.Epoch, batch)
	return commit.Totals, atTheEdge(ctx, err)
}

// FinishJob writes the report, checks that the commits cover every record once,
// and writes _SUCCESS.
func (a *Activities) FinishJob(ctx context.Context, ref job.Ref) (job.Summary, error) {
	beat := startHeartbeat(ctx)
	defer beat.end()
	opened, done, err := a.jobs.Open(ref)
	if err != nil {
		return job.Summary{}, atTheEdge(ctx, err)
	}
	defer done()
	if err := opened.Report(); err != nil {
		// It only informs, and longhaul report makes it again.
		activity.GetLogger(ctx).Warn("no report", "error", err)
	}
	manifest := opened.Manifest
	summary, err := opened.Folder.Finish(ctx, ref, manifest.Records(), manifest.Spec.BatchRecords())
	if err == nil {
		opened.End()
	}
	return summary, atTheEdge(ctx, err)
}
