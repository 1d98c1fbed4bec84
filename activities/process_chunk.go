package activities

import (
	"context"
	"errors"
	"time"

	"go.temporal.io/sdk/activity"

	"longhaul/internal/journal"
	"longhaul/internal/latency"
	"longhaul/internal/pool"
	"longhaul/internal/session"
	"longhaul/job"
)

// ProcessChunk makes the call for every record of a chunk that has no answer
// yet, and returns when every answer is on disk.
//
// It stops taking records when it is canceled, when the worker stops, or when
// another job takes the folder over; then it waits for the calls in flight and
// seals its journal, so that none of them is made again.
func (a *Activities) ProcessChunk(ctx context.Context, ref job.Ref, chunk job.Chunk) (job.Receipt, error) {
	ctx, beat := a.startHeartbeat(ctx)
	defer beat.end()
	if run := chunk.Grant.RunID; run != "" && run != activity.GetInfo(ctx).WorkflowExecution.RunID {
		// The workflow was reset: the run that dispatched the chunk has ended, but its
		// workers may not. The new run dispatches it again, under a claim of its own.
		return job.Receipt{Range: chunk.Range, Unfinished: true}, nil
	}
	s, done, err := a.open(ctx, ref)
	if err != nil {
		return job.Receipt{}, a.toTemporal(ctx, beat, ref.CapabilityTimeout, err)
	}
	defer done()
	w := &work{session: s, chunk: chunk, beat: beat}
	receipt, err := w.process(ctx)
	if err != nil && a.isPermanent(err) {
		s.Stop() // the workflow fails
	}
	if errors.Is(err, errLaneClosed) || errors.Is(err, errSettingsLost) {
		lost, err := s.SettingsLost(ctx)
		return job.Receipt{Range: chunk.Range, Pool: s.Pool.ID(), Unfinished: true, SettingsLost: lost}, a.toTemporal(ctx, beat, ref.CapabilityTimeout, err)
	}
	return receipt, a.toTemporal(ctx, beat, ref.CapabilityTimeout, err)
}

// work is one attempt at a chunk.
type work struct {
	session *session.Session
	chunk   job.Chunk
	beat    *heartbeat
}

func (w *work) process(ctx context.Context) (job.Receipt, error) {
	stop, end := stopOf(ctx, w.session.TakenOver())
	defer end()
	// An attempt that was cut off may still hold its grant.
	release, err := w.session.Exclusive(stop, w.chunk.Range)
	if err != nil {
		return job.Receipt{}, err
	}
	defer release()
	if committed, err := w.session.IsCommitted(ctx, w.chunk.Range); committed || err != nil {
		// A reset has taken the workflow back to before its batch was committed.
		return job.Receipt{Range: w.chunk.Range, Pool: w.session.Pool.ID(), Committed: committed}, err
	}
	answered, err := w.session.Output.Journals.Answered(ctx, w.chunk.Range)
	if err != nil {
		return job.Receipt{}, err
	}
	w.logAttempt(ctx, answered)
	w.beat.done.Store(answered.Done())
	w.beat.waitsFor(w.session.Waiting)
	w.beat.tellsOf(w.session.Pool)
	receipt := job.Receipt{Range: w.chunk.Range, Totals: answered.Totals, Journals: answered.Journals, Pool: w.session.Pool.ID()}
	if !answered.Complete() {
		err = w.callIfAble(ctx, stop, answered, &receipt)
	}
	return receipt, err
}

// logAttempt logs what a later attempt has found of the earlier ones.
func (w *work) logAttempt(ctx context.Context, answered *journal.Answered) {
	if info := activity.GetInfo(ctx); info.Attempt > 1 || answered.Done() > 0 {
		activity.GetLogger(ctx).Info("chunk resumed", "job_id", w.session.Ref.JobID, "first", w.chunk.First, "last", w.chunk.Last,
			"attempt", info.Attempt, "found", answered.Done(), "suspects", len(answered.Suspects()))
	}
}

// call runs the missing records through the pool into a new journal, and adds
// what came of them to the receipt.
func (w *work) call(ctx, stop context.Context, answered *journal.Answered, receipt *job.Receipt) (err error) {
	info, attempt := activity.GetInfo(ctx), w.beat.attempt(ctx)
	calls, cut := callsOf(ctx, w.beat.expired, ownerOf(ctx), w.session)
	defer cut()
	// Answers of calls in flight are written also when the attempt has ended.
	written, err := w.session.Output.Journals.Create(calls, w.chunk.Range, info.WorkflowExecution.RunID+"-"+info.ActivityID, info.Attempt)
	if err != nil {
		return err
	}
	watching, endWatch := context.WithCancel(calls)
	defer endWatch()
	go w.endIfSuperseded(watching, written)
	defer w.prepare(ctx, answered)()
	slot := w.session.Pool.Join(w.grant(attempt), w.beat.lease)
	stop, end := untilClosed(stop, slot)
	defer end()
	defer func() {
		if w.chunk.Final && err == nil {
			slot.Donate()
		} else {
			slot.Leave()
		}
	}()
	suspects := answered.Suspects()
	log := &callLog{
		journal: written, beat: w.beat, includeInput: w.session.Manifest.Spec.Output.IncludeInput,
		marks: attempt > 1 || len(suspects) > 0, latencies: latency.New(),
	}
	if err = w.knowsSettings(ctx); err == nil {
		err = wait(stop, startDelay(w.chunk, attempt))
	}
	if err == nil {
		records, last := noteLast(missing(w.session.Records(calls, w.chunk.Range), answered, suspects))
		err = w.session.Pool.Run(calls, stop, pool.How{Lease: w.beat.lease, Order: w.chunk.First}, records, log)
		receipt.Waited = job.Duration(time.Since(*last).Round(time.Millisecond))
		if err == nil {
			err = w.callSuspects(calls, stop, suspects, answered.Kills(), log)
		}
	}
	sealed, sealErr := written.Seal()
	w.keepStop(ctx, err)
	if err = errors.Join(err, sealErr); err != nil {
		return err
	}
	log.addTo(receipt)
	receipt.Journals = append(receipt.Journals, sealed)
	receipt.Bottleneck, receipt.Concurrency = w.session.Bottleneck(), w.session.Pool.Concurrency()
	return nil
}

// knowsSettings fails if settings that came after the chunk was given out may be lost. It is
// called when the slot has joined: settings that are lost from then on close it.
func (w *work) knowsSettings(ctx context.Context) error {
	lost, err := w.session.SettingsLost(ctx)
	if lost {
		err = errSettingsLost
	}
	return err
}

// grant is that of the chunk. An attempt before this one has had it already.
func (w *work) grant(attempt int32) job.LaneGrant {
	grant := w.chunk.Grant
	grant.Fresh = grant.Fresh && attempt == 1
	return grant
}
