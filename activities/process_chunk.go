package activities

import (
	"context"
	"errors"
	"time"

	"go.temporal.io/sdk/activity"

	"longhaul/job"
)

// ProcessChunk makes the call for every record of a chunk that has no answer
// yet, and returns when every answer is on disk.
//
// It stops taking records when it is canceled, when the worker stops, or when
// another job takes the folder over; then it waits for the calls in flight and
// seals its journal, so that none of them is made again.
func (a *Activities) ProcessChunk(ctx context.Context, ref job.Ref, chunk job.Chunk) (job.Receipt, error) {
	beat := startHeartbeat(ctx)
	defer beat.end()
	opened, done, err := a.jobs.Open(ref)
	if err != nil {
		return job.Receipt{}, atTheEdge(ctx, err)
	}
	defer done()
	receipt, err := opened.process(ctx, chunk, beat)
	if err != nil && job.KindOf(err).Permanent() {
		opened.Stop() // the workflow fails
	}
	if errors.Is(err, errLaneClosed) {
		return job.Receipt{Range: chunk.Range, Pool: opened.Pool.ID(), Unfinished: true}, nil
	}
	return receipt, atTheEdge(ctx, err)
}

func (j *Job) process(ctx context.Context, chunk job.Chunk, beat *heartbeat) (job.Receipt, error) {
	stop, end := stopOf(ctx, j.TakenOver)
	defer end()
	// An attempt that was cut off may still hold its share.
	alone, err := j.Alone(stop, chunk.Range)
	if err != nil {
		return job.Receipt{}, err
	}
	defer alone()
	answered, err := j.Folder.Answered(chunk.Range)
	if err != nil {
		return job.Receipt{}, err
	}
	beat.done.Store(answered.Done())
	beat.waitsFor(j.Pool.Waiting)
	beat.poolWaitsFor(j.Pool.Wait)
	receipt := job.Receipt{Range: chunk.Range, Totals: answered.Totals, Journals: answered.Journals, Pool: j.Pool.ID()}
	if !answered.Complete() {
		err = j.call(ctx, stop, chunk, answered, beat, &receipt)
	}
	return receipt, err
}

// call runs the missing records through the pool into a new journal, and adds
// what came of them to the receipt.
func (j *Job) call(ctx, stop context.Context, chunk job.Chunk, answered *job.Answered, beat *heartbeat, receipt *job.Receipt) (err error) {
	info := activity.GetInfo(ctx)
	journal, err := j.Folder.NewJournal(chunk.Range, info.WorkflowExecution.RunID+"-"+info.ActivityID, info.Attempt)
	if err != nil {
		return err
	}
	defer j.prepare(ctx, chunk, answered)()
	// An attempt before this one has had the share.
	chunk.Share.Fresh = chunk.Share.Fresh && info.Attempt == 1
	seat := j.Pool.Join(chunk.Share)
	stop, end := untilClosed(stop, seat)
	defer end()
	defer func() {
		if chunk.Final && err == nil {
			seat.Bequeath()
		} else {
			seat.Leave()
		}
	}()

	suspects := answered.Suspects()
	log := &callLog{
		journal: journal, beat: beat, includeInput: j.Manifest.Spec.Output.IncludeInput,
		marks: info.Attempt > 1 || len(suspects) > 0, latencies: j.NewLatencies(),
	}
	if err = wait(stop, startDelay(chunk, info.Attempt)); err == nil {
		calls, cut := callsOf(ctx, j.workflowEnded(info))
		defer cut()
		if err = j.callSuspects(calls, stop, suspects, log); err == nil {
			err = j.Pool.Run(calls, stop, false, missing(j.Records(chunk.Range), answered, suspects), log)
		}
	}
	sealed, sealErr := journal.Seal()
	j.keepStop(ctx, err)
	if err = errors.Join(err, sealErr); err != nil {
		return err
	}
	log.addTo(receipt)
	receipt.Journals, receipt.Limit = append(receipt.Journals, sealed), j.Limit()
	return nil
}

func (j *Job) workflowEnded(info activity.Info) func(context.Context) bool {
	return func(ctx context.Context) bool {
		owner := job.Owner{Namespace: info.Namespace, WorkflowID: info.WorkflowExecution.ID, RunID: info.WorkflowExecution.RunID}
		return j.State(ctx, owner) == job.OwnerEnded
	}
}

// untilClosed is done also when the lane is closed.
func untilClosed(stop context.Context, seat Seat) (context.Context, func()) {
	stop, cancel := context.WithCancelCause(stop)
	go func() {
		select {
		case <-seat.Closed():
			cancel(errLaneClosed)
		case <-stop.Done():
		}
	}()
	return stop, func() { cancel(nil) }
}

// startDelay is the rest of the wait that the schedule asks for; a later
// attempt is late already.
func startDelay(chunk job.Chunk, attempt int32) time.Duration {
	if attempt > 1 {
		return 0
	}
	return chunk.StartDelay.Std()
}

// stopOf is done when no more records may be taken.
func stopOf(ctx, takenOver context.Context) (stop context.Context, end func()) {
	stop, cancel := context.WithCancelCause(ctx)
	detach := context.AfterFunc(takenOver, func() { cancel(context.Cause(takenOver)) })
	go func() {
		select {
		case <-activity.GetWorkerStopChannel(ctx):
			cancel(errWorkerStops)
		case <-stop.Done():
		}
	}()
	return stop, func() { detach(); cancel(nil) }
}

// callsOf is done when calls in flight must be cut off: they outlive the
// attempt's context if nobody else can be making them. That is so too if the
// workflow has ended: a successor waits until we have left the folder.
func callsOf(ctx context.Context, workflowEnded func(context.Context) bool) (calls context.Context, end func()) {
	calls, cut := context.WithCancelCause(context.WithoutCancel(ctx))
	detach := context.AfterFunc(ctx, func() {
		cause := context.Cause(ctx)
		drain := mayDrain(cause) || isLost(cause) && workflowEnded(calls)
		if !drain {
			cut(cause)
		}
	})
	return calls, func() { detach(); cut(nil) }
}

func wait(ctx context.Context, d time.Duration) error {
	timer := time.NewTimer(d)
	defer timer.Stop()
	select {
	case <-timer.C:
		return nil
	case <-ctx.Done():
		return context.Cause(ctx)
	}
}
