package workflows

import (
	"errors"

	"go.temporal.io/sdk/temporal"
	"go.temporal.io/sdk/workflow"

	"longhaul/job"
)

// failWorkflow makes the message that the activity gave the workflow's own, so
// that whoever looks at the workflow reads it first. Cancellation stays what it
// is, also if an activity has failed meanwhile in a way that may pass: one that is to end is
// not tried again.
func failWorkflow(ctx workflow.Context, err error) error {
	var application *temporal.ApplicationError
	if err == nil || temporal.IsCanceledError(err) {
		return err
	}
	found := errors.As(err, &application)
	if ctx.Err() != nil && (temporal.IsTimeoutError(err) || found && !application.NonRetryable()) {
		return temporal.NewCanceledError()
	}
	if !found {
		return err
	}
	return temporal.NewNonRetryableApplicationError(application.Message(), application.Type(), nil)
}

// changePassOn is the change after which a task that only workers without what it needs have
// taken is given out again while other tasks of the job are done.
const changePassOn = "pass-on"

// isPassedOn says whether the task whose error this is must be given out again: the workers
// that have taken it for capability_timeout lack something, but another worker does the job.
func (d *dispatcher) isPassedOn(ctx workflow.Context, err error) bool {
	var application *temporal.ApplicationError
	var why job.Kind
	if err == nil || d.stopped != nil || !errors.As(err, &application) || !application.HasDetails() ||
		application.Details(&why) != nil || why != job.KindWorkerLacks {
		return false
	}
	if workflow.GetVersion(ctx, changePassOn, workflow.DefaultVersion, 1) == workflow.DefaultVersion {
		return false
	}
	return !d.able.IsZero() && workflow.Now(ctx).Sub(d.able) < d.spec.CapabilityTimeout.Std()
}

func invalid(err error) error {
	return temporal.NewNonRetryableApplicationError(err.Error(), string(job.KindOf(err)), nil)
}
