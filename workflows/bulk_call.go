package workflows

import (
	"fmt"
	"time"

	"go.temporal.io/sdk/temporal"
	"go.temporal.io/sdk/workflow"

	"longhaul/activities"
	"longhaul/job"
)

// methods only names the activities; it is never called.
var methods *activities.Activities

// BulkCall makes one call for every record of the spec's input and leaves every
// answer in the output folder exactly once. It returns when all records have an answer
// or have failed.
//
// A client starts it with a spec only. A workflow that starts it as a child gives the
// zero State too: what is in a State is for the runs that continue a job.
//
// An error is a *temporal.ApplicationError whose Type is a job.Kind, such as
// job.KindTooManyFailures; a job that is canceled ends with a *temporal.CanceledError
// after the calls in flight. Answers from before are kept: a job with the same
// output goes on from there.
func BulkCall(ctx workflow.Context, spec job.Spec, state State) (job.Summary, error) {
	d := &dispatcher{spec: spec.Tuned(state.Tuning), state: state, meter: newMeter(state.Meter), updating: workflow.NewMutex(ctx)}
	d.pauseWanted = state.Paused
	d.spec = d.spec.Resolve(workflow.GetInfo(ctx).WorkflowExecution.ID, scheduledTime(ctx))
	if err := d.listen(ctx); err != nil {
		return job.Summary{}, err
	}
	d.version = workflow.GetVersion(ctx, changeCanary, workflow.DefaultVersion, versionFewerLanes)
	switch {
	case state.Version > stateVersion:
		return job.Summary{}, invalid(fmt.Errorf("state version %d is newer than this worker's %d", state.Version, stateVersion))
	case state.Version == 0:
		if err := d.begin(ctx); err != nil {
			return job.Summary{}, failWorkflow(ctx, err)
		}
	}
	// A later run has another start.
	d.spec.Input.URI, d.spec.Output.URI = d.state.Input, d.state.Plan.Output
	d.prepare(ctx)
	if err := d.publishPending(ctx); err != nil {
		return job.Summary{}, failWorkflow(ctx, err)
	}
	if d.spec.Sample != nil {
		return d.sample(ctx)
	}
	if err := d.dispatch(ctx); err != nil {
		return job.Summary{}, failWorkflow(ctx, err)
	}
	if err := d.awaitChanges(ctx); err != nil {
		return job.Summary{}, err
	}
	if d.continues {
		return job.Summary{}, workflow.NewContinueAsNewError(ctx, BulkCall, spec, d.state)
	}
	return d.finish(ctx)
}

// changeCanary is the change after which a job begins with one chunk until a call
// has succeeded, judges max_failures with each receipt, and counts retries for its
// pace.
const changeCanary = "canary"

// versionFewerLanes is the version of changeCanary since which there are fewer lanes, and
// chunks of one size for a job with a rate: one marker tells all.
const versionFewerLanes = 3

// scheduledTimeKey is set by the server for a workflow that a schedule starts.
var scheduledTimeKey = temporal.NewSearchAttributeKeyTime("TemporalScheduledStartTime")

// scheduledTime is that of the schedule, also for a backfill, or when the first
// run was started.
func scheduledTime(ctx workflow.Context) time.Time {
	if at, ok := workflow.GetTypedSearchAttributes(ctx).GetTime(scheduledTimeKey); ok {
		return at
	}
	return workflow.GetInfo(ctx).WorkflowStartTime
}

// begin has the input indexed.
func (d *dispatcher) begin(ctx workflow.Context) error {
	d.phase = job.PhaseIndexing
	d.describe(ctx)
	d.state.Version, d.state.Started = stateVersion, workflow.Now(ctx)
	if d.version > workflow.DefaultVersion { // a later version refuses more; IndexInput checks too
		if err := d.spec.Validate(); err != nil {
			return invalid(err)
		}
	}
	ctx = withActivities(ctx, d.spec, "index the input")
	if err := workflow.ExecuteActivity(ctx, methods.IndexInput, d.spec).Get(ctx, &d.state.Plan); err != nil {
		return err
	}
	d.state.Totals, d.state.Input, d.state.Proven = d.state.Plan.Totals, d.spec.Input.URI, d.state.Plan.Proven
	d.state.Due = workflow.Now(ctx)
	d.claimRun = d.state.Plan.RunID
	return nil
}

func (d *dispatcher) finish(ctx workflow.Context) (summary job.Summary, err error) {
	d.phase = job.PhaseFinishing
	d.describe(ctx)
	ctx = withActivities(ctx, d.spec, "check the commits, write _SUCCESS")
	err = d.underClaim(ctx, func(ref job.Ref) error {
		return workflow.ExecuteActivity(ctx, methods.FinishJob, ref).Get(ctx, &summary)
	})
	if err == nil {
		d.phase = job.PhaseFinished
		summary.Redriven = d.state.Plan.Redriven
		d.describe(ctx)
	}
	return summary, failWorkflow(ctx, err)
}
