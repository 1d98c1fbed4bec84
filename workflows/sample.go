package workflows

import (
	"math"

	"go.temporal.io/sdk/temporal"
	"go.temporal.io/sdk/workflow"

	"longhaul/job"
	"longhaul/workflows/schedule"
)

// sample has the records of the spec's sample called, each as a chunk of its own, and says
// what the calls were like. Their answers stay in the journals of their batches, where the
// chunks of the whole job find them. Nothing is flushed.
func (d *dispatcher) sample(ctx workflow.Context) (job.Summary, error) {
	picks := schedule.Sample(d.state.Plan, *d.spec.Sample)
	d.phase, d.sampling = job.PhaseRunning, int64(len(picks))
	d.lanes = schedule.NewSampleLanes(d.lanes.RunID(), d.spec, len(picks))
	for _, pick := range picks {
		d.requeued = append(d.requeued, job.Range{First: pick, Last: pick + 1})
	}
	d.describe(ctx)
	sizes := &moments{}
	chunks, cancelChunks := workflow.WithCancel(ctx)
	defer cancelChunks()
	d.cancelChunks = cancelChunks
	for d.nextOfSample(ctx) {
		chunk := job.Chunk{Grant: d.lanes.Take(), Range: d.requeued[0]}
		d.requeued = d.requeued[1:]
		if d.isCanary() {
			chunk.Canary = d.spec.Canary
		}
		workflow.Go(chunks, func(ctx workflow.Context) { d.sampleOne(ctx, chunk, sizes) })
	}
	drain, endDrain := workflow.NewDisconnectedContext(ctx)
	defer endDrain()
	if err := workflow.Await(drain, func() bool { return d.lanes.InFlight() == 0 }); err != nil {
		return job.Summary{}, err
	}
	if d.stopped == nil && ctx.Err() != nil {
		d.stopped = temporal.NewCanceledError()
	}
	if d.stopped != nil {
		return job.Summary{}, failWorkflow(ctx, d.stopped)
	}
	return d.sampleSummary(sizes), nil
}

// nextOfSample waits for a lane; it returns false when there is no record left, and none may
// come back.
func (d *dispatcher) nextOfSample(ctx workflow.Context) bool {
	err := workflow.Await(ctx, func() bool {
		over := len(d.requeued) == 0 && d.lanes.InFlight() == 0
		return d.stopped != nil || over || len(d.requeued) > 0 && !d.state.Paused && d.lanes.Free() && !d.awaitsSuccess()
	})
	if err != nil {
		d.stop(err)
	}
	return d.stopped == nil && len(d.requeued) > 0
}

// sampleOne has one record called.
func (d *dispatcher) sampleOne(ctx workflow.Context, chunk job.Chunk, sizes *moments) {
	var receipt job.Receipt
	options := onAnyWorker(withActivities(ctx, d.spec, "sample: "+chunk.String()))
	err := workflow.ExecuteActivity(options, methods.ProcessChunk, d.state.Plan.Ref, chunk).Get(options, &receipt)
	d.meter.returned(chunk.Range)
	passedOn := d.isPassedOn(ctx, err)
	d.lanes.GiveBack(chunk.Grant.Lane, receipt.Pool, false)
	switch {
	case err != nil && !passedOn:
		d.stop(err)
		return
	case receipt.Unfinished || passedOn:
		d.requeued = append(d.requeued, chunk.Range)
		return
	}
	d.able = workflow.Now(ctx)
	d.received = d.received.Add(receipt.Totals)
	d.state.Proven = d.state.Proven || receipt.Succeeded > 0
	if receipt.Called > 0 {
		sizes.add(float64(receipt.Bytes))
	}
	d.meter.add(workflow.Now(ctx), receipt)
	d.describe(ctx)
}

func (d *dispatcher) sampleSummary(sizes *moments) job.Summary {
	sampled := &job.Sampled{
		Records: d.sampling, Called: int64(sizes.count), Totals: d.received, Failures: d.meter.failures,
		Latency: d.meter.quantiles(), Bytes: sizes.mean(), BytesStdDev: sizes.stdDev(),
	}
	if histogram := d.meter.latency; histogram != nil {
		sampled.Mean, sampled.StdDev = histogram.Mean()/1000, histogram.StdDev()/1000
	}
	return job.Summary{JobID: d.state.Plan.JobID, Output: d.state.Plan.Output, Records: d.state.Plan.Records, Totals: d.received, Sample: sampled}
}

// moments are the first two of a sample.
type moments struct{ count, sum, squares float64 }

func (m *moments) add(x float64) {
	m.count++
	m.sum += x
	m.squares += x * x
}

func (m *moments) mean() float64 { return m.sum / max(1, m.count) }

// stdDev is 0 for fewer than two.
func (m *moments) stdDev() float64 {
	if m.count < 2 {
		return 0
	}
	return math.Sqrt(max(0, (m.squares-m.sum*m.mean())/(m.count-1)))
}
