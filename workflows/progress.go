package workflows

import "longhaul/job"

// progress answers the query of that name.
func (d *dispatcher) progress() (job.Progress, error) {
	p := job.Progress{
		Phase: d.phase, Output: d.spec.Output.URI, Records: d.state.Plan.Records,
		Totals: d.state.Totals.Add(d.received), Skipped: d.state.Plan.Totals.Done(),
		Started:  d.state.Started,
		Settings: d.settings(), Changes: d.state.Changes,
	}
	if d.lanes != nil {
		p.Lanes, p.ChunksInFlight = d.lanes.count(), d.lanes.inFlight()
	}
	return p, nil
}
