package workflows

import (
	"go.temporal.io/sdk/workflow"
)

// changeSplitLanes is the change after which there are more lanes, and more final chunks, while
// chunks wait for their last calls.
const changeSplitLanes = "split-lanes"

// splitLane splits a lane if there are too few: those whose chunks only wait for their last
// calls must not keep the others from work.
func (d *dispatcher) splitLane(ctx workflow.Context) {
	if len(d.requeued) > 0 {
		return
	}
	wanted := d.lanes.Wanted(d.meter.waited(), d.meter.rate(workflow.Now(ctx), d.state.Started), d.cutter.Size())
	if wanted > d.lanes.Open() && d.splitsLanes(ctx) && d.lanes.Split() {
		d.cutter.AddLane()
	}
}

// isFinal says whether no chunk will follow in the lane of the chunk that is cut next, which is
// taken: its grant is then left to its neighbours. Until the chunk is done, about as many
// records are handed out as are in flight now. There must be a lane for the others.
func (d *dispatcher) isFinal(ctx workflow.Context) bool {
	if d.cutter.IsFinal() {
		return true
	}
	size := d.cutter.Size()
	return d.cutter.Left()-size <= d.inFlight+size && d.meter.waited() > 0 && d.lanes.Free() && d.splitsLanes(ctx)
}

// splitsLanes asks for the version only where it makes a difference: receipts of an earlier
// version say nothing of their waiting, and no marker is written for a run that never splits.
func (d *dispatcher) splitsLanes(ctx workflow.Context) bool {
	return workflow.GetVersion(ctx, changeSplitLanes, workflow.DefaultVersion, 1) > workflow.DefaultVersion
}
