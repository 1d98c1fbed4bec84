package workflows

import (
	"time"

	"go.temporal.io/sdk/temporal"
	"go.temporal.io/sdk/workflow"

	"longhaul/job"
)

// A dead worker is noticed by missing heartbeats; the limit on a whole attempt
// only has to be longer than any chunk.
const longestAttempt = 30 * 24 * time.Hour

// withActivities sets the options that all activities share. An error that may pass (a
// full disk, a lost network) is tried again for ever: an error that cannot pass
// is marked so by the activity.
func withActivities(ctx workflow.Context, spec job.Spec, summary string) workflow.Context {
	return workflow.WithActivityOptions(ctx, workflow.ActivityOptions{
		StartToCloseTimeout: longestAttempt,
		HeartbeatTimeout:    spec.HeartbeatTimeout.Std(),
		WaitForCancellation: true,
		Summary:             summary,
		// An attempt whose worker has died begins anew a second later, so that the calls
		// that its worker has cut off have ended.
		RetryPolicy: &temporal.RetryPolicy{
			InitialInterval:    time.Second,
			BackoffCoefficient: 1, // errors say themselves when to try again
		},
	})
}

// onAnyWorker lets every worker have the activity. Others may be given at once, as Temporal's
// eager execution, to the worker that has done the workflow task: if chunks were, that
// worker would have them all.
func onAnyWorker(ctx workflow.Context) workflow.Context {
	options := workflow.GetActivityOptions(ctx)
	options.DisableEagerExecution = true
	return workflow.WithActivityOptions(ctx, options)
}
