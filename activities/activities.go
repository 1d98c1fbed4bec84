package activities

import (
	"context"

	"go.temporal.io/sdk/activity"

	"longhaul/internal/claim"
	"longhaul/internal/session"
)

// Activities are registered with a worker; each exported method is one.
type Activities struct {
	// sessions are the jobs that this process has open.
	sessions *session.Registry
	// read are the inputs whose whole content this process has read.
	read readInputs
	// passed is what was logged of tasks that this process has passed on.
	passed passLog
}

// New makes the activities over the sessions of this process.
func New(sessions *session.Registry) *Activities { return &Activities{sessions: sessions} }

// ownerOf is the workflow that an activity works for.
func ownerOf(ctx context.Context) claim.Owner {
	info := activity.GetInfo(ctx)
	return claim.Owner{
		Namespace: info.Namespace, WorkflowID: info.WorkflowExecution.ID, RunID: info.WorkflowExecution.RunID,
	}
}
