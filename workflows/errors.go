package workflows

import (
	"errors"

	"go.temporal.io/sdk/temporal"

	"longhaul/job"
)

// failWorkflow makes the message that the activity gave the workflow's own, so
// that whoever looks at the workflow reads it first. Cancellation stays what it
// is.
func failWorkflow(err error) error {
	var application *temporal.ApplicationError
	if err == nil || temporal.IsCanceledError(err) || !errors.As(err, &application) {
		return err
	}
	return temporal.NewNonRetryableApplicationError(application.Message(), application.Type(), nil)
}

func invalid(err error) error {
	return temporal.NewNonRetryableApplicationError(err.Error(), string(job.KindOf(err)), nil)
}
