package workflows

import (
	"time"

	"go.temporal.io/sdk/workflow"

	"longhaul/job"
)

// progress answers the query of that name.
func (d *dispatcher) progress() (job.Progress, error) {
	p := job.Progress{
		Phase: d.phaseNow(), Input: d.spec.Input.URI, Output: d.spec.Output.URI, Call: d.spec.Call.String(), Records: d.state.Plan.Records,
		Totals: d.state.Totals.Add(d.received), Skipped: d.state.Plan.Totals.Done(),
		Failures: d.meter.failures, Latency: d.meter.quantiles(), LastError: d.meter.lastError,
		Started: d.state.Started, Settings: d.settings(), Changes: d.state.Changes,
		Rate: d.meter.rate(d.now, d.state.Started), Bottleneck: d.bottleneck(), Stuck: d.meter.stuckCalls(),
	}
	if d.spec.IsAdaptive() {
		p.Concurrency = d.meter.concurrency
	}
	for _, notice := range d.meter.waiting {
		if notice.Wait != nil {
			p.Waits = append(p.Waits, *notice.Wait)
		}
	}
	if p.Phase == job.PhasePaused || p.Phase.IsWaiting() {
		p.Rate = 0 // nothing happens that would move the clock
	}
	if d.sampling > 0 {
		p.Records, p.Totals, p.Skipped = d.sampling, d.received, 0
	}
	p.TimeLeft = d.timeLeft(p)
	if d.lanes == nil {
		return p, nil
	}
	p.Lanes, p.ChunksInFlight = d.lanes.Count(), d.lanes.InFlight()
	p.CallsInFlight = d.lanes.CallsInFlight()
	return p, nil
}

// phaseNow is more exact than the part of the code that runs.
func (d *dispatcher) phaseNow() job.Phase {
	switch {
	case d.phase != job.PhaseRunning:
		return d.phase
	case d.state.Paused:
		return job.PhasePaused
	case d.meter.waitsForDisk():
		return job.PhaseDisk
	case len(d.meter.waiting) > 0:
		return job.PhaseWaiting
	case !d.hasChunk():
		return job.PhaseDraining
	}
	return d.phase
}

// bottleneck is what keeps the job from being faster now.
func (d *dispatcher) bottleneck() job.Bottleneck {
	switch {
	case d.phaseNow() == job.PhaseWaiting:
		return job.BottleneckAPI
	case d.phaseNow() != job.PhaseRunning:
		return ""
	case d.awaitsSuccess():
		return job.BottleneckCanary
	case d.lanes.Free() && d.pacer.Due().After(d.now):
		return job.BottleneckInterval
	}
	return d.meter.bottleneck()
}

// timeLeft is nil while there is no rate, or nothing left.
func (d *dispatcher) timeLeft(p job.Progress) *job.TimeLeft {
	left := p.Records - p.Done()
	overall := perSecond(p.Done()-p.Skipped, d.now.Sub(p.Started))
	if left <= 0 || p.Rate == 0 || overall == 0 {
		return nil
	}
	after := func(rate float64) job.Duration {
		return job.Duration(time.Duration(float64(left) / rate * float64(time.Second)).Round(time.Second))
	}
	return &job.TimeLeft{From: after(max(p.Rate, overall)), To: after(min(p.Rate, overall))}
}

// describe tells the Web UI how the job stands, as far as receipts tell.
func (d *dispatcher) describe(ctx workflow.Context) {
	d.now = workflow.Now(ctx)
	p, _ := d.progress() // it has no errors
	workflow.SetCurrentDetails(ctx, details(p))
}
