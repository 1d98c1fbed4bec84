package jobclient

import (
	"context"
	"errors"
	"fmt"
	"os"
	"os/user"
	"time"

	"go.temporal.io/api/serviceerror"
	"go.temporal.io/sdk/client"
	"go.temporal.io/sdk/temporal"

	"longhaul/job"
)

// updateTimeout is how long a worker has to put a change in force.
const updateTimeout = 30 * time.Second

// Update sends an update (job.UpdateTune, say) to a job and returns the settings in force
// after it. It waits for a worker, 30 seconds at most.
func Update(ctx context.Context, c client.Client, id, name string, tuning job.Tuning) (settings job.Settings, err error) {
	ctx, cancel := context.WithTimeout(ctx, updateTimeout)
	defer cancel()
	handle, err := c.UpdateWorkflow(ctx, client.UpdateWorkflowOptions{
		WorkflowID: id, UpdateName: name, Args: []any{tuning}, WaitForStage: client.WorkflowUpdateStageCompleted,
	})
	if err == nil {
		err = handle.Get(ctx, &settings)
	}
	var application *temporal.ApplicationError
	var ended *serviceerror.NotFound
	switch {
	case err != nil && ctx.Err() != nil:
		return settings, fmt.Errorf("%s %s: no worker has answered within %s: the change counts when one does", name, id, updateTimeout)
	case errors.As(err, &application):
		return settings, fmt.Errorf("%s %s: %s", name, id, application.Message())
	case errors.As(err, &ended):
		return settings, fmt.Errorf("job %s is not running: %w", id, err)
	}
	return settings, err
}

// Cancel asks a job to stop.
func Cancel(ctx context.Context, c client.Client, id string) error {
	if err := c.CancelWorkflow(ctx, id, ""); err != nil {
		return jobError(id, err)
	}
	return nil
}

// identity is kept with every change.
func identity() string {
	host, err := os.Hostname()
	if err != nil {
		host = "?"
	}
	if who, err := user.Current(); err == nil {
		return who.Username + "@" + host
	}
	return "longhaul@" + host
}
