package activities

import (
	"context"
	"errors"

	"go.temporal.io/sdk/activity"

	"longhaul/internal/session"
	"longhaul/job"
)

// open opens the session of a job for an activity of its workflow.
func (a *Activities) open(ctx context.Context, ref job.Ref) (*session.Session, func(), error) {
	if err := a.sessions.Admits(activity.GetInfo(ctx).WorkflowExecution.ID); err != nil {
		return nil, nil, err
	}
	return a.sessions.Open(ctx, ref)
}

// isPermanent says whether no worker will do better.
func (a *Activities) isPermanent(err error) bool {
	return job.KindOf(err).Permanent() && (a.sessions.Alone() || !errors.Is(err, job.ErrOfWorker))
}
