package workflows

import (
	"time"

	"go.temporal.io/sdk/temporal"
	"go.temporal.io/sdk/workflow"

	"longhaul/job"
	"longhaul/workflows/schedule"
)

// dispatcher is one run of a job.
type dispatcher struct {
	spec  job.Spec
	state State
	phase job.Phase
	// version is that of changeCanary.
	version workflow.Version
	// now is when something was last seen to change: a query has no clock.
	now time.Time

	meter   *meter
	lanes   *schedule.Lanes
	cutter  *schedule.Cutter
	pacer   *schedule.Pacer
	batches *schedule.Batches
	// requeued are ranges whose lane was closed before they were done, or whose answers
	// were lost.
	requeued []job.Range
	// claimRun is the run that made the claim, if this is a run that was reset; claiming
	// is set while it makes one, and resetChecks counts how often it has looked.
	claimRun    string
	claiming    bool
	resetChecks int

	// sampling is how many records a sample has; 0 for a whole job.
	sampling int64
	// inFlight counts the records that are in chunks in flight.
	inFlight int64
	// received are the receipts' totals of batches that are not committed.
	received job.Totals
	flushing int
	// stopped is why no more chunks are dispatched; nil while they are.
	stopped error
	// cancelChunks asks the chunks in flight to end; nil until chunks are dispatched.
	cancelChunks workflow.CancelFunc
	// ending is set once the server wants a new run, continues when this one has no chunk any
	// more, and another one goes on.
	ending, continues bool
	// updating is held while a change is put in force, updatesInFlight counts those
	// that are, or wait for it.
	updating        workflow.Mutex
	updatesInFlight int
	// signals are the channels of those that change settings.
	signals signals
	// pauseWanted is what the last accepted change says; state.Paused follows it when that
	// change is put in force.
	pauseWanted bool
	// restored is the version of the settings that were last written anew.
	restored int64
	// able is when a worker has last done a chunk or a flush of this run.
	able time.Time
	// pendingChanges were made before there were lanes; pendingRequest asked for the
	// last of them.
	pendingChanges []job.Change
	pendingRequest job.Request
}

// prepare derives all that follows from the spec and the state.
func (d *dispatcher) prepare(ctx workflow.Context) {
	plan := d.state.Plan
	layout := d.layout()
	d.lanes = schedule.NewLanes(workflow.GetInfo(ctx).WorkflowExecution.RunID, d.spec, schedule.Left(plan, d.state.Next), layout)
	if plan.New && d.state.Chunks == 0 {
		d.lanes.MarkFresh()
	}
	d.cutter = schedule.NewCutter(plan, d.state.Next, d.spec.ChunkSize, d.lanes.Count(), d.spec.Parallelism/d.lanes.Count())
	if layout.Even {
		d.cutter.Even()
	}
	d.pacer = schedule.NewPacer(d.spec, d.state.Due)
	d.batches = schedule.NewBatches(plan)
}

// layout is how this run divides its records.
func (d *dispatcher) layout() schedule.Layout {
	layout := schedule.LayoutOf(d.spec)
	layout.Many = d.version < versionFewerLanes
	layout.Even = layout.Even && d.version >= versionFewerLanes
	return layout
}

// dispatch dispatches chunks until there are no more, the job is stopped, or the
// server suggests a new run; then it waits for all that is under way.
func (d *dispatcher) dispatch(ctx workflow.Context) error {
	d.phase = job.PhaseRunning
	d.describe(ctx)
	var chunks workflow.Context
	chunks, d.cancelChunks = workflow.WithCancel(ctx)
	defer d.cancelChunks()
	d.judgeFailures(true)
	for d.stopped == nil && d.next(ctx, chunks) {
		d.continues = d.continues || d.endsHere(ctx)
	}
	d.phase = job.PhaseDraining
	d.describe(ctx)
	// Chunks and flushes in flight end even if the workflow is canceled meanwhile.
	drain, endDrain := workflow.NewDisconnectedContext(ctx)
	defer endDrain()
	if err := workflow.Await(drain, func() bool { return d.lanes.InFlight() == 0 && d.flushing == 0 }); err != nil {
		return err
	}
	d.state.Next, d.state.Due, d.state.Meter = d.cutter.Next(), d.pacer.Due(), d.meter.state()
	if d.stopped == nil && ctx.Err() != nil {
		return temporal.NewCanceledError()
	}
	return d.stopped
}

// changeEndOfRun is the change after which a run that ends has final chunks.
const changeEndOfRun = "end-of-run"

// endsHere says whether the server wants a new run, and this one can end.
func (d *dispatcher) endsHere(ctx workflow.Context) bool {
	if !workflow.GetInfo(ctx).GetContinueAsNewSuggested() || d.cutter.Left() == 0 {
		return false
	}
	if workflow.GetVersion(ctx, changeEndOfRun, workflow.DefaultVersion, 1) == workflow.DefaultVersion {
		return d.cutter.AtBorder()
	}
	if !d.ending {
		d.ending = true
		d.cutter.EndRun()
	}
	return d.cutter.Ended() && d.cutter.Left() > 0
}

// next waits for a lane and for the pace, and starts a chunk. It returns false
// when there is none to start, and none may come back.
func (d *dispatcher) next(ctx, chunks workflow.Context) bool {
	var over bool
	err := workflow.Await(ctx, func() bool {
		// A flush may find that answers are lost.
		over = !d.hasChunk() && d.lanes.InFlight() == 0 && d.flushing == 0
		return d.stopped != nil || over || !d.state.Paused && d.hasChunk() && (d.lanes.Free() || d.lanes.InFlight() == 0) && !d.awaitsSuccess()
	})
	if err == nil && d.stopped == nil && !over && len(d.requeued) == 0 {
		err = d.awaitPace(ctx)
	}
	if err != nil {
		d.stop(err)
	}
	if d.stopped != nil || over {
		return false
	}
	if d.lanes.InFlight() == 0 && !d.lanes.Free() {
		// All grants are donated and a range has come back: no pool has a grant.
		d.lanes.Reopen()
	}
	if d.state.Paused || !d.lanes.Free() {
		return true // that came while it waited for the pace
	}
	if d.wasReset(ctx) {
		if err := d.claimAnew(ctx); err != nil {
			d.stop(err)
		}
		return d.stopped == nil
	}
	d.splitLane(ctx)
	chunk := job.Chunk{Grant: d.lanes.Take()}
	if d.version > workflow.DefaultVersion {
		chunk.Failures = d.failureBudget()
	}
	if d.isCanary() {
		chunk.Canary = d.spec.Canary
	}
	paced := int64(0)
	if len(d.requeued) > 0 {
		chunk.Range, d.requeued = d.requeued[0], d.requeued[1:]
		paced = chunk.Len()
	} else {
		paced = d.cut(ctx, &chunk)
	}
	d.state.Chunks++
	d.inFlight += paced
	workflow.Go(chunks, func(ctx workflow.Context) { d.process(ctx, chunk, paced) })
	return true
}

// cut fills in the next range, when it is to start, and whether it is among the
// last. It returns for how many calls the schedule has made room.
func (d *dispatcher) cut(ctx workflow.Context, chunk *job.Chunk) (paced int64) {
	chunk.Final = d.isFinal(ctx)
	var endsBatch bool
	before := d.cutter.Left()
	chunk.Range, endsBatch, _ = d.cutter.Cut()
	chunk.StartDelay = job.Duration(d.pacer.Wait(workflow.Now(ctx)))
	paced = before - d.cutter.Left()
	d.pacer.Started(paced, endsBatch)
	return paced
}

// hasChunk says whether there is one to start in this run.
func (d *dispatcher) hasChunk() bool {
	return len(d.requeued) > 0 || d.cutter.Left() > 0 && !d.continues
}

// awaitPace waits by a durable timer for what lies far ahead.
func (d *dispatcher) awaitPace(ctx workflow.Context) error {
	for {
		ahead, control := d.ahead(ctx), d.state.Control
		if ahead <= 0 {
			return nil
		}
		woken, err := workflow.AwaitWithOptions(ctx, workflow.AwaitOptions{
			Timeout: ahead, TimerOptions: workflow.TimerOptions{Summary: "chunk interval"},
		}, func() bool { return d.stopped != nil || d.state.Control != control || len(d.requeued) > 0 })
		if err != nil || !woken || d.stopped != nil || d.state.Paused || len(d.requeued) > 0 {
			return err
		}
	}
}

// changeStartDelay is the change after which chunks are started up to 4 s ahead, not 2.
const changeStartDelay = "start-delay"

// ahead is how far the next chunk lies beyond what can be its StartDelay.
func (d *dispatcher) ahead(ctx workflow.Context) time.Duration {
	wait := d.pacer.Wait(workflow.Now(ctx))
	if d.layout().Even {
		return wait - schedule.EvenStartDelayLimit
	}
	if wait <= schedule.EarlierStartDelayLimit {
		return 0
	}
	if workflow.GetVersion(ctx, changeStartDelay, workflow.DefaultVersion, 1) == workflow.DefaultVersion {
		return wait - schedule.EarlierStartDelayLimit
	}
	return wait - schedule.StartDelayLimit
}

// stop has running chunks seal their journals. The first reason counts.
func (d *dispatcher) stop(err error) {
	if d.stopped != nil {
		return
	}
	d.stopped = err
	if d.cancelChunks != nil {
		d.cancelChunks()
	}
}
