package workflows

import (
	"go.temporal.io/sdk/workflow"

	"longhaul/job"
)

// signals are those that change settings: pause, resume and tune.
type signals [3]workflow.ReceiveChannel

// pending counts the kinds of signals that wait.
func (s signals) pending() (kinds int) {
	for _, channel := range s {
		if channel.Len() > 0 {
			kinds++
		}
	}
	return kinds
}

// changeInOrder is the change after which a pause and a resume that wait together are done
// in the only order that can have been meant: the SDK does not tell which came first.
const changeInOrder = "changes-in-order"

// handleSignals does what signals ask for, one after the other. One that cannot be done is
// logged, because a signal has no answer.
func (d *dispatcher) handleSignals(ctx workflow.Context) {
	s := d.signals
	waiting, end := workflow.NewDisconnectedContext(ctx)
	defer end()
	for {
		if err := workflow.Await(waiting, func() bool { return s.pending() > 0 }); err != nil {
			return
		}
		name := job.UpdateTune
		switch {
		case s[1].Len() > 0 && (s[0].Len() == 0 || d.pauseWanted && inOrder(ctx)):
			name = job.UpdateResume
		case s[0].Len() > 0:
			name = job.UpdatePause
		}
		var tuning job.Tuning
		s.of(name).ReceiveAsync(&tuning)
		err := d.allows(name, tuning)
		if err == nil {
			_, err = d.change(ctx, name, tuning, job.Request{Signal: name})
		}
		if err != nil {
			workflow.GetLogger(ctx).Warn("signal refused", "signal", name, "reason", err.Error())
		}
	}
}

func (s signals) of(name string) workflow.ReceiveChannel {
	switch name {
	case job.UpdatePause:
		return s[0]
	case job.UpdateResume:
		return s[1]
	default:
		return s[2]
	}
}

// changeSignalsFirst is the change after which a run does what signals ask for before it
// ends, also if they have come with what it ends by.
const changeSignalsFirst = "signals-first"

// awaitChanges returns when every change that was asked for is in force: the next run gets
// the settings of this one, and never sees its signals.
func (d *dispatcher) awaitChanges(ctx workflow.Context) error {
	for {
		if err := workflow.Await(ctx, func() bool { return workflow.AllHandlersFinished(ctx) && d.updatesInFlight == 0 }); err != nil {
			return err
		}
		if d.signals.pending() == 0 || workflow.GetVersion(ctx, changeSignalsFirst, workflow.DefaultVersion, 1) == workflow.DefaultVersion {
			return nil
		}
		if err := workflow.Await(ctx, func() bool { return d.signals.pending() == 0 }); err != nil {
			return err
		}
	}
}

func inOrder(ctx workflow.Context) bool {
	return workflow.GetVersion(ctx, changeInOrder, workflow.DefaultVersion, 1) > workflow.DefaultVersion
}
