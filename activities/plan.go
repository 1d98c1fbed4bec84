package activities

import (
	"context"

	"go.temporal.io/sdk/activity"

	"longhaul/internal/output"
	"longhaul/internal/storage"
	"longhaul/job"
)

// planOf opens again what is to be called again, and says what there is to do.
func planOf(ctx context.Context, folder *output.Folder, token storage.Token, spec job.Spec, manifest job.Manifest) (plan job.Plan, err error) {
	plan = job.Plan{
		Ref:     job.Ref{Output: spec.Output.URI, JobID: manifest.JobID, Epoch: token.Epoch, Token: token.ID},
		Records: manifest.Records(), BatchRecords: spec.BatchRecords(), RunID: activity.GetInfo(ctx).WorkflowExecution.RunID,
	}
	chosen, err := calledAgain(ctx, folder, spec)
	if err != nil {
		return plan, err
	}
	failures, batches, err := folder.Reopen(ctx, chosen, plan.Records, plan.BatchRecords)
	if err != nil {
		return plan, err
	}
	if err := folder.ClearStopped(ctx); err != nil {
		return plan, err
	}
	if plan.Committed, plan.Totals, err = folder.Resume(ctx, plan.Records); err != nil {
		return plan, err
	}
	plan.Partial = fewMissing(batches, spec.ChunkSize)
	if spec.Redrive != nil {
		plan.Redriven, plan.Kept = failures, plan.Totals
		for _, batch := range batches {
			plan.Kept.Succeeded += batch.Len() - batch.Missing
		}
	}
	plan.Proven, err = hasSuccess(ctx, folder)
	return plan, err
}

// calledAgain says which failures are. Those of a job that has not finished all are:
// it was stopped, and its user has changed something since, or hopes that somebody
// else has.
func calledAgain(ctx context.Context, folder *output.Folder, spec job.Spec) (func(job.CallError) bool, error) {
	if spec.Redrive != nil {
		return spec.Redrive.Chooses, nil
	}
	_, finished, err := folder.Succeeded(ctx)
	return func(job.CallError) bool { return !finished }, err
}

// maxPartial bounds the plan, which goes through Temporal.
const maxPartial = 5000

// fewMissing leaves out batches with so many records to call that they are worth
// several chunks.
func fewMissing(batches []job.Partial, chunkSize int64) []job.Partial {
	var few []job.Partial
	for _, batch := range batches {
		if batch.Missing <= chunkSize && len(few) < maxPartial {
			few = append(few, batch)
		}
	}
	return few
}
