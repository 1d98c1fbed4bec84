package workflows

import (
	"errors"
	"fmt"

	"go.temporal.io/sdk/temporal"
	"go.temporal.io/sdk/workflow"

	"longhaul/job"
)

// A reset gives a workflow a new run, which begins with the history of the old one up to
// the point of the reset. The old run's workers may still make its calls, and batches
// may have been committed after that point. So the new run claims the output folder
// anew, which waits for these workers, before it dispatches a chunk. Chunks that the old
// run has dispatched come back unfinished (see activities.ProcessChunk), and are
// dispatched again.

// changeReset begins the names of the changes from which on a run knows that it was
// reset: the first that is not in the history tells the point of the reset.
const changeReset = "reset-"

// wasReset says whether this run is past the point of a reset without a claim of its
// own.
func (d *dispatcher) wasReset(ctx workflow.Context) bool {
	if !d.needsClaim(workflow.GetInfo(ctx)) {
		return false
	}
	d.resetChecks++
	// During the replay of the old run's history this is the default version.
	return workflow.GetVersion(ctx, fmt.Sprintf("%s%d", changeReset, d.resetChecks), workflow.DefaultVersion, 1) > workflow.DefaultVersion
}

// needsClaim says whether the claim is another run's: one that this one was reset from.
func (d *dispatcher) needsClaim(info *workflow.Info) bool {
	return info.OriginalRunID != "" && d.claimedBy(info) != info.WorkflowExecution.RunID
}

// claimedBy is the run that made the claim in force.
func (d *dispatcher) claimedBy(info *workflow.Info) string {
	if d.claimRun != "" {
		return d.claimRun
	}
	// A run that continues another one goes on under its claim.
	return info.OriginalRunID
}

// claimAnew takes the output folder for this run.
func (d *dispatcher) claimAnew(ctx workflow.Context) error {
	d.claiming = true
	defer func() { d.claiming = false }()
	ctx = withActivities(ctx, d.spec, "claim the output after a reset")
	var claimed job.Claimed
	if err := workflow.ExecuteActivity(ctx, methods.ClaimOutput, d.state.Plan.Ref).Get(ctx, &claimed); err != nil {
		return err
	}
	// The run is that of the activity: after another reset this is the history of an old run.
	d.state.Plan.Ref, d.claimRun = claimed.Ref, claimed.RunID
	// After the point of the reset the old run has used grants that are fresh in the history.
	d.lanes.MarkUsed()
	return nil
}

// underClaim does something under the claim in force; again if the run has claimed the
// folder anew meanwhile, or does so now, because it was reset.
func (d *dispatcher) underClaim(ctx workflow.Context, do func(job.Ref) error) error {
	for {
		ref := d.state.Plan.Ref
		err := do(ref)
		var application *temporal.ApplicationError
		if !errors.As(err, &application) || application.Type() != string(job.KindTakenOver) {
			return err
		}
		if err := workflow.Await(ctx, func() bool { return !d.claiming }); err != nil {
			return err
		}
		if d.state.Plan.Ref != ref {
			continue
		}
		if !d.wasReset(ctx) {
			return err
		}
		if err := d.claimAnew(ctx); err != nil {
			return err
		}
	}
}
