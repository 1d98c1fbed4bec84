package activities

import (
	"context"
	"errors"
	"time"

	"go.temporal.io/sdk/activity"

	"longhaul/job"
)

// signalInterval is how often the news of the first success is tried to be told.
const signalInterval = time.Second

// prepare tells the pool what the chunk says of the whole job: how many failures it
// tolerates, and whether a call has succeeded yet. If none has, the workflow hears
// of the first one until done is called.
func (j *Job) prepare(ctx context.Context, chunk job.Chunk, answered *job.Answered) (done func()) {
	if chunk.Failures != nil {
		j.Pool.Tolerate(*chunk.Failures, chunk.Share)
	}
	if chunk.Canary == 0 {
		return func() {}
	}
	j.Pool.StartCanary(chunk.Canary)
	if answered.Succeeded > 0 {
		j.Pool.Prove()
	}
	ctx, done = context.WithCancel(ctx)
	go j.tellFirstSuccess(ctx)
	return done
}

func (j *Job) tellFirstSuccess(ctx context.Context) {
	select {
	case <-j.Pool.Proven():
	case <-ctx.Done():
		return
	}
	execution := activity.GetInfo(ctx).WorkflowExecution
	ticker := time.NewTicker(signalInterval)
	defer ticker.Stop()
	for j.Signal(ctx, execution.ID, execution.RunID, job.SignalProven) != nil {
		select {
		case <-ticker.C:
		case <-ctx.Done():
			return // the receipt tells
		}
	}
}

// keepStop writes down why the calls were stopped by what they came to, and the
// request that shows it. What answers say stays in the output folder.
func (j *Job) keepStop(ctx context.Context, err error) {
	var stop *job.StopError
	var told job.StopError
	switch kind := job.KindOf(err); {
	case err == nil:
		return
	case errors.As(err, &stop):
		told = *stop
		told.Index, told.Request = stop.Record.Index, j.Preview(stop.Record)
	case kind == job.KindTooManyFailures || kind == job.KindOutage:
		told = job.StopError{At: time.Now().UTC(), Reason: err.Error()}
	default:
		return
	}
	if err := j.Folder.PutStopped(j.Epoch, told); err != nil {
		activity.GetLogger(ctx).Warn("the reason for the stop was not kept", "error", err)
	}
}
