package activities

import (
	"cmp"
	"context"

	"longhaul/job"
)

// SteerJob puts changed settings where running chunks read them, and returns the
// identity of the client that asked for them.
func (a *Activities) SteerJob(ctx context.Context, ref job.Ref, control job.Control, request job.Request) (by string, err error) {
	ctx, beat := a.startHeartbeat(ctx)
	defer beat.end()
	s, done, err := a.open(ctx, ref)
	if err != nil {
		return "", a.toTemporal(ctx, beat, ref.CapabilityTimeout, err)
	}
	defer done()
	by = a.sessions.Identity(ctx, request)
	for i := range control.Changes {
		control.Changes[i].By = cmp.Or(control.Changes[i].By, by) // some are written anew
	}
	return by, toApplicationError(ctx, s.Output.PutControl(ctx, control))
}
