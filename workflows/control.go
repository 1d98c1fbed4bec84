package workflows

import (
	"cmp"
	"errors"
	"fmt"

	"go.temporal.io/sdk/workflow"

	"longhaul/job"
)

// maxChanges bounds what a run carries to the next; the folder keeps all.
const maxChanges = 100

// listen answers queries, updates and signals.
func (d *dispatcher) listen(ctx workflow.Context) error {
	err := workflow.SetQueryHandlerWithOptions(ctx, job.QueryProgress, d.progress,
		workflow.QueryHandlerOptions{Description: "How the job stands: counts, rate, latency, time left, what limits it, settings."})
	if err != nil {
		return err
	}
	outages := workflow.GetSignalChannelWithOptions(ctx, job.SignalOutage, workflow.SignalChannelOptions{Description: "From a worker: what it waits for."})
	workflow.Go(ctx, func(ctx workflow.Context) {
		var notice job.Notice
		for outages.Receive(ctx, &notice) {
			d.meter.note(notice)
			d.describe(ctx)
		}
	})
	first := workflow.GetSignalChannelWithOptions(ctx, job.SignalProven, workflow.SignalChannelOptions{Description: "From a worker: a call has succeeded."})
	workflow.Go(ctx, func(ctx workflow.Context) {
		for first.Receive(ctx, nil) {
			d.state.Proven = true
		}
	})
	for i, u := range []struct{ name, description string }{
		{job.UpdatePause, "Start no more calls. Nothing is lost or repeated."},
		{job.UpdateResume, "Go on after a pause."},
		{job.UpdateTune, `Change settings: {"parallelism": 50, "chunk_interval": "1s", "batch_interval": "2s", "rate": 10, "max_failures": "5%"}; what is not named stays.`},
	} {
		err := workflow.SetUpdateHandlerWithOptions(ctx, u.name,
			func(ctx workflow.Context, tuning job.Tuning) (job.Settings, error) {
				return d.change(ctx, u.name, tuning, job.Request{UpdateID: workflow.GetCurrentUpdateInfo(ctx).ID})
			},
			workflow.UpdateHandlerOptions{Description: u.description, Validator: func(tuning job.Tuning) error { return d.allows(u.name, tuning) }})
		if err != nil {
			return err
		}
		d.signals[i] = workflow.GetSignalChannelWithOptions(ctx, u.name, workflow.SignalChannelOptions{Description: u.description})
	}
	workflow.Go(ctx, func(ctx workflow.Context) { d.handleSignals(ctx) })
	return nil
}

// allows refuses what cannot be done after the changes that were accepted before. It changes
// nothing.
func (d *dispatcher) allows(name string, tuning job.Tuning) error {
	switch {
	case d.stopped != nil || d.phase == job.PhaseFinishing || d.phase == job.PhaseFinished:
		return fmt.Errorf("the job is ending: there is nothing to %s", name)
	case name == job.UpdatePause && d.pauseWanted:
		return errors.New("the job is paused already")
	case name == job.UpdateResume && !d.pauseWanted:
		return errors.New("the job is not paused")
	case name == job.UpdateTune:
		return tuning.Problem(d.spec)
	}
	return nil
}

// change puts a change in force: for what the workflow does at once, for running
// chunks by the control file, which their pools read.
func (d *dispatcher) change(ctx workflow.Context, name string, tuning job.Tuning, request job.Request) (job.Settings, error) {
	switch name {
	case job.UpdatePause:
		d.pauseWanted = true
	case job.UpdateResume:
		d.pauseWanted = false
	}
	d.updatesInFlight++
	defer func() { d.updatesInFlight-- }()
	// One after the other, so that versions are written in their order.
	if err := d.updating.Lock(ctx); err != nil {
		return job.Settings{}, err
	}
	defer d.updating.Unlock()
	before := d.settings()
	switch name {
	case job.UpdatePause:
		d.state.Paused = true
	case job.UpdateResume:
		d.state.Paused = false
	default:
		d.spec = d.spec.Tuned(tuning)
		d.state.Tuning = d.state.Tuning.With(tuning)
	}
	changes := before.Changes(d.settings())
	for i := range changes {
		changes[i].At = workflow.Now(ctx)
	}
	if len(changes) == 0 {
		return before, nil
	}
	err := d.publishControl(ctx, changes, request)
	defer d.describe(ctx)
	d.state.Changes = append(d.state.Changes, changes...)
	if extra := len(d.state.Changes) - maxChanges; extra > 0 {
		d.state.Changes = d.state.Changes[extra:]
	}
	return d.settings(), err
}

// publishControl writes the control file, which the pools read, and asks the server who
// requested the changes. Before there are lanes, it keeps them for publishPending.
func (d *dispatcher) publishControl(ctx workflow.Context, changes []job.Change, request job.Request) error {
	if d.lanes == nil {
		d.pendingChanges, d.pendingRequest = append(d.pendingChanges, changes...), request
		return nil
	}
	d.state.Control++
	d.lanes.Retune(d.spec, d.state.Control)
	d.pacer.Retune(d.spec, workflow.Now(ctx))
	d.cutter.SetLanes(d.lanes.Open())
	d.judgeFailures(false)
	info := workflow.GetInfo(ctx)
	request.Namespace = info.Namespace
	request.WorkflowID, request.RunID = info.WorkflowExecution.ID, info.WorkflowExecution.RunID
	control := job.Control{
		Epoch: d.state.Plan.Epoch, RunID: d.lanes.RunID(), Version: d.state.Control, Paused: d.state.Paused,
		Grants: d.lanes.Grants(), Changes: changes, MaxFailures: &d.spec.MaxFailures,
	}
	// Also while the job is being canceled.
	ctx, done := workflow.NewDisconnectedContext(ctx)
	defer done()
	ctx = withActivities(ctx, d.spec, "change settings")
	var by string
	err := d.underClaim(ctx, func(ref job.Ref) error {
		control.Epoch = ref.Epoch
		return workflow.ExecuteActivity(ctx, methods.SteerJob, ref, control, request).Get(ctx, &by)
	})
	if err != nil {
		return err
	}
	for i := range changes {
		changes[i].By = cmp.Or(changes[i].By, by)
	}
	return nil
}

// publishPending publishes the changes that were made while the input was indexed.
func (d *dispatcher) publishPending(ctx workflow.Context) error {
	if len(d.pendingChanges) == 0 {
		return nil
	}
	changes := d.pendingChanges
	d.pendingChanges = nil
	err := d.publishControl(ctx, changes, d.pendingRequest)
	// They are the first changes of the job, and so in the same places.
	copy(d.state.Changes, changes)
	return err
}

// restoreSettings writes the settings anew, because a worker cannot read what was written:
// once for all chunks that were given out before. The changes of the folder's earlier jobs
// are lost with the file.
func (d *dispatcher) restoreSettings(ctx workflow.Context, given int64) {
	d.updatesInFlight++
	defer func() { d.updatesInFlight-- }()
	waiting, end := workflow.NewDisconnectedContext(ctx)
	defer end()
	if err := d.updating.Lock(waiting); err != nil {
		return
	}
	defer d.updating.Unlock()
	if given < d.restored {
		return // while this one waited
	}
	d.restored = d.state.Control + 1
	if err := d.publishControl(ctx, d.state.Changes, job.Request{}); err != nil {
		d.stop(err)
	}
}

// settings are those in force.
func (d *dispatcher) settings() job.Settings {
	settings := d.spec.Settings()
	settings.Paused = d.state.Paused
	return settings
}
