package workflows

import (
	"errors"
	"fmt"

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

func tooManyFailures(limit job.FailureLimit, totals job.Totals, output string) error {
	return temporal.NewNonRetryableApplicationError(fmt.Sprintf(
		"max_failures %s exceeded: %d of %d records failed; see errors-*.jsonl in %s for the reasons; "+
			"what was done is kept: mend the cause or raise max_failures, and start the job again with the same output to go on",
		limit, totals.Failed, totals.Done(), output), string(job.KindTooManyFailures), nil)
}
