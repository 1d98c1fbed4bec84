package activities

import (
	"context"
	"errors"
	"time"

	"go.temporal.io/sdk/activity"

	"longhaul/internal/journal"
	"longhaul/job"
)

// signalInterval is how long to wait until a signal is tried again.
const signalInterval = time.Second

// prepare tells the pool what the chunk says of the whole job: how many failures it
// tolerates, and whether a call has succeeded yet. If none has, the workflow hears
// of the first one until done is called.
func (w *work) prepare(ctx context.Context, answered *journal.Answered) (done func()) {
	chunk := w.chunk
	if chunk.Failures != nil {
		w.session.Pool.Tolerate(*chunk.Failures, chunk.Grant)
	}
	if chunk.Canary == 0 {
		return func() {}
	}
	w.session.Pool.StartCanary(chunk.Canary)
	if answered.Succeeded > 0 {
		w.session.Pool.Prove()
	}
	ctx, done = context.WithCancel(ctx)
	go w.reportFirstSuccess(ctx)
	return done
}

func (w *work) reportFirstSuccess(ctx context.Context) {
	select {
	case <-w.session.Pool.Proven():
	case <-ctx.Done():
		return
	}
	execution := activity.GetInfo(ctx).WorkflowExecution
	ticker := time.NewTicker(signalInterval)
	defer ticker.Stop()
	for w.session.Signal(ctx, execution.ID, execution.RunID, job.SignalProven) != nil {
		select {
		case <-ticker.C:
		case <-ctx.Done():
			return // the receipt tells
		}
	}
}

// keepStop writes down why the calls were stopped by what they came to, and the
// request that shows it. The text of answers stays in the output folder.
func (w *work) keepStop(ctx context.Context, err error) {
	var stop *job.StopError
	var kept job.StopError
	switch kind := job.KindOf(err); {
	case err == nil:
		return
	case errors.As(err, &stop):
		kept = *stop
		kept.Index, kept.Request = stop.Record.Index, w.session.Preview(stop.Record)
	case kind == job.KindTooManyFailures || kind == job.KindOutage:
		kept = job.StopError{At: time.Now().UTC(), Reason: err.Error()}
	default:
		return
	}
	if err := w.session.Output.PutStopped(context.WithoutCancel(ctx), kept); err != nil {
		activity.GetLogger(ctx).Warn("the reason for the stop was not kept", "error", err)
	}
}
