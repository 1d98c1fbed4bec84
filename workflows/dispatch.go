package workflows

import (
	"go.temporal.io/sdk/temporal"
	"go.temporal.io/sdk/workflow"

	"longhaul/job"
)

// dispatcher is one run of a job.
type dispatcher struct {
	spec  job.Spec
	state State
	phase job.Phase

	lanes   *lanes
	cutter  *cutter
	pace    *pace
	batches *batches

	// received are the receipts' totals of batches that are not committed.
	received job.Totals
	flushing int
	// stopped is why no more chunks are dispatched; nil while they are.
	stopped      error
	cancelChunks workflow.CancelFunc
	continues    bool
}

// prepare derives all that follows from the spec and the state.
func (d *dispatcher) prepare() {
	plan := d.state.Plan
	d.lanes = newLanes(d.spec.Parallelism, d.spec.Rate, d.spec.ChunkSize, leftOf(plan, d.state.Next))
	d.cutter = newCutter(plan, d.state.Next, d.spec.ChunkSize, d.lanes.count(), d.spec.Parallelism/d.lanes.count())
	d.pace = newPace(d.spec, d.state.Due)
	d.batches = newBatches(plan)
}

// run dispatches chunks until there are no more, the job is stopped, or the
// server suggests a new run; then it waits for all that is under way.
func (d *dispatcher) run(ctx workflow.Context) error {
	d.phase = job.PhaseRunning
	var chunks workflow.Context
	chunks, d.cancelChunks = workflow.WithCancel(ctx)
	defer d.cancelChunks()
	d.judgeFailures(true)
	for d.stopped == nil {
		if d.suggestsNewRun(ctx) {
			d.continues = true
			break
		}
		if more := d.next(ctx, chunks); !more {
			break
		}
	}
	d.phase = job.PhaseDraining
	// What is under way ends even if the workflow is canceled meanwhile.
	drain, endDrain := workflow.NewDisconnectedContext(ctx)
	defer endDrain()
	if err := workflow.Await(drain, func() bool { return d.lanes.inFlight() == 0 && d.flushing == 0 }); err != nil {
		return err
	}
	d.state.Next, d.state.Due = d.cutter.next, d.pace.due
	if d.stopped == nil && ctx.Err() != nil {
		return temporal.NewCanceledError()
	}
	return d.stopped
}

func (d *dispatcher) suggestsNewRun(ctx workflow.Context) bool {
	return workflow.GetInfo(ctx).GetContinueAsNewSuggested() && d.cutter.atBorder() && d.cutter.left > 0
}

// next waits for a lane and for the pace, and starts a chunk. It returns false
// when there is none to start.
func (d *dispatcher) next(ctx, chunks workflow.Context) bool {
	if d.cutter.left == 0 {
		return false
	}
	err := workflow.Await(ctx, func() bool { return d.stopped != nil || d.lanes.anyFree() })
	if err == nil && d.stopped == nil {
		err = d.awaitPace(ctx)
	}
	if err != nil {
		d.stop(err)
	}
	if d.stopped != nil {
		return false
	}
	final := d.cutter.isFinal()
	chunk, endsBatch, ok := d.cutter.cut()
	if !ok {
		return false
	}
	delay := d.pace.wait(workflow.Now(ctx))
	d.pace.started(chunk.Len(), endsBatch)
	lane, share := d.lanes.take()
	d.state.Chunks++
	workflow.Go(chunks, func(ctx workflow.Context) {
		d.process(ctx, job.Chunk{Range: chunk, Share: share, StartDelay: job.Duration(delay), Final: final}, lane)
	})
	return true
}

// awaitPace waits by a durable timer for what lies far ahead.
func (d *dispatcher) awaitPace(ctx workflow.Context) error {
	ahead := d.pace.wait(workflow.Now(ctx)) - startDelayLimit
	if ahead <= 0 {
		return nil
	}
	_, err := workflow.AwaitWithOptions(ctx, workflow.AwaitOptions{
		Timeout: ahead, TimerOptions: workflow.TimerOptions{Summary: "chunk interval"},
	}, func() bool { return d.stopped != nil })
	return err
}

// process has a chunk worked on, and its batch flushed if it is the last one.
func (d *dispatcher) process(ctx workflow.Context, chunk job.Chunk, lane int) {
	var receipt job.Receipt
	options := withActivities(ctx, d.spec, chunk.String())
	err := workflow.ExecuteActivity(options, methods.ProcessChunk, d.state.Plan.Ref, chunk).Get(options, &receipt)
	d.lanes.giveBack(lane, receipt.Pool, chunk.Final)
	if err != nil {
		d.stop(err)
		return
	}
	d.received = d.received.Add(receipt.Totals)
	d.judgeFailures(false)
	batch, whole := d.batches.add(receipt)
	if !whole {
		return
	}
	d.flushing++
	err = d.flush(ctx, batch)
	d.flushing--
	if err != nil {
		d.stop(err)
		return
	}
	d.judgeFailures(true)
}

// flush commits a batch, also when the job has been stopped.
func (d *dispatcher) flush(ctx workflow.Context, batch job.Batch) error {
	ctx, done := workflow.NewDisconnectedContext(ctx)
	defer done()
	var totals job.Totals
	ctx = withActivities(ctx, d.spec, "flush "+batch.String())
	if err := workflow.ExecuteActivity(ctx, methods.FlushBatch, d.state.Plan.Ref, batch).Get(ctx, &totals); err != nil {
		return err
	}
	d.state.Totals = d.state.Totals.Add(totals)
	d.received = d.received.Subtract(totals)
	return nil
}

// judgeFailures stops the job when max_failures is exceeded: a count as soon as
// it is, a percentage by whole batches. What was committed before the job was
// started does not count again.
func (d *dispatcher) judgeFailures(wholeBatches bool) {
	limit, totals := d.spec.MaxFailures, d.state.Totals.Subtract(d.state.Plan.Totals)
	if !limit.Percent {
		totals = totals.Add(d.received)
	} else if !wholeBatches {
		return
	}
	if limit.Exceeded(totals.Failed, totals.Done()) {
		d.stop(tooManyFailures(limit, totals, d.spec.Output.URI))
	}
}

// stop has running chunks seal their journals. The first reason counts.
func (d *dispatcher) stop(err error) {
	if d.stopped == nil {
		d.stopped = err
		d.cancelChunks()
	}
}
