package workflows

import (
	"go.temporal.io/sdk/workflow"

	"longhaul/job"
)

// isCanary says whether no call has succeeded yet, as far as is known.
func (d *dispatcher) isCanary() bool {
	return d.version > workflow.DefaultVersion && !d.state.Proven && d.spec.Canary > 0
}

// awaitsSuccess says whether there is a chunk whose calls are to show that the rest
// is worth a call.
func (d *dispatcher) awaitsSuccess() bool { return d.isCanary() && d.lanes.InFlight() > 0 }

// failureBudget is what max_failures means for the calls of this run. Records that were
// committed before the job was started does not count again, but for a redrive: the
// batches that it opens are those with the failures.
func (d *dispatcher) failureBudget() *job.FailureBudget {
	budget := &job.FailureBudget{Limit: d.spec.MaxFailures}
	if d.spec.Redrive != nil {
		budget.Before = d.state.Plan.Kept
	}
	return budget
}

// process has a chunk worked on, and its batch flushed if it is the last one; paced
// is how many calls the schedule counted.
func (d *dispatcher) process(ctx workflow.Context, chunk job.Chunk, paced int64) {
	var receipt job.Receipt
	began := workflow.Now(ctx).Add(chunk.StartDelay.Std())
	options := withActivities(ctx, d.spec, chunk.String())
	if chunk.Canary == 0 {
		options = onAnyWorker(options)
	}
	err := workflow.ExecuteActivity(options, methods.ProcessChunk, d.state.Plan.Ref, chunk).Get(options, &receipt)
	d.inFlight -= paced
	d.meter.returned(chunk.Range)
	passedOn := d.isPassedOn(ctx, err)
	d.lanes.GiveBack(chunk.Grant.Lane, receipt.Pool, chunk.Final && !receipt.Unfinished && !passedOn)
	if err != nil && !passedOn {
		d.stop(err)
		return
	}
	if receipt.SettingsLost {
		d.restoreSettings(ctx, chunk.Grant.Version)
	}
	if receipt.Unfinished || passedOn {
		d.requeued = append(d.requeued, chunk.Range)
		return
	}
	d.able = workflow.Now(ctx)
	d.received = d.received.Add(receipt.Totals)
	d.state.Proven = d.state.Proven || receipt.Succeeded > 0
	if d.version > workflow.DefaultVersion && receipt.Called > 0 {
		d.pacer.Correct(receipt.Calls - paced)
	}
	d.meter.add(workflow.Now(ctx), receipt)
	d.judgeFailures(false)
	defer d.describe(ctx)
	batch, received, whole := d.batches.Add(receipt, began, workflow.Now(ctx))
	if !whole {
		return
	}
	d.flushing++
	err = d.flush(ctx, batch, received)
	d.flushing--
	if err != nil {
		d.stop(err)
		return
	}
	d.judgeFailures(true)
}

// flush commits a batch, also when the job has been stopped. Of the batch these records
// were received. Answers that were lost are called again.
func (d *dispatcher) flush(ctx workflow.Context, batch job.Batch, received job.Totals) error {
	ctx, done := workflow.NewDisconnectedContext(ctx)
	defer done()
	var flushed job.Flushed
	ctx = withActivities(ctx, d.spec, "flush "+batch.String())
	if d.hasChunk() || d.lanes.InFlight() > 0 {
		ctx = onAnyWorker(ctx)
	}
	flush := func(ref job.Ref) error {
		return workflow.ExecuteActivity(ctx, methods.FlushBatch, ref, batch).Get(ctx, &flushed)
	}
	err := d.underClaim(ctx, flush)
	for d.isPassedOn(ctx, err) {
		err = d.underClaim(ctx, flush)
	}
	if err != nil {
		return err
	}
	d.able = workflow.Now(ctx)
	d.received = d.received.Subtract(received)
	if len(flushed.Lost) == 0 {
		d.state.Totals = d.state.Totals.Add(flushed.Totals)
		return nil
	}
	d.batches.Reopen(batch, flushed.Lost)
	for _, lost := range flushed.Lost {
		d.requeued = append(d.requeued, lost.Split(d.spec.ChunkSize)...)
	}
	return nil
}

// judgeFailures stops the job when max_failures is exceeded; the pools have done so
// before, as a rule. Records that were committed before the job was started do not count
// again, but for a redrive: the batches that it opens are those with the failures.
// Before changeCanary a percentage was judged by whole batches.
func (d *dispatcher) judgeFailures(wholeBatches bool) {
	limit, totals := d.spec.MaxFailures, d.state.Totals
	if d.spec.Redrive == nil {
		totals = totals.Subtract(d.state.Plan.Totals)
	}
	if !limit.Percent || d.version > workflow.DefaultVersion {
		totals = totals.Add(d.received)
	} else if !wholeBatches {
		return
	}
	if limit.Exceeded(totals.Failed, totals.Done()) {
		d.stop(invalid(job.TooManyFailures(limit, totals, d.spec.Output.URI)))
	}
}
