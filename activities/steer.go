package activities

import (
	"context"

	"longhaul/job"
)

// SteerJob puts changed settings where running chunks read them, and returns the
// identity of the client that asked for them.
func (a *Activities) SteerJob(ctx context.Context, ref job.Ref, control job.Control, request job.Request) (by string, err error) {
	s, done, err := a.sessions.Open(ctx, ref)
	if err != nil {
		return "", toApplicationError(ctx, err)
	}
	defer done()
	by = a.sessions.Identity(ctx, request)
	for i := range control.Changes {
		control.Changes[i].By = by
	}
	return by, toApplicationError(ctx, s.Output.PutControl(ctx, control))
}
