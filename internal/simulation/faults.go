package simulation

import (
	"context"
	"fmt"
	"strings"
	"time"

	"go.temporal.io/api/workflowservice/v1"

	commonpb "go.temporal.io/api/common/v1"

	"longhaul/internal/simulation/process"
	"longhaul/job"
)

// armed is how long a process that is to stop at a write is waited for.
const armed = time.Minute

// happen has the faults of the plan happen at their times.
func (w *world) happen(ctx context.Context) {
	for _, f := range w.plan.faults {
		time.Sleep(time.Until(w.began.Add(f.at)))
		w.note("FAULT %s", f)
		w.apply(ctx, f)
	}
}

// apply has one fault begin. It ends by itself.
func (w *world) apply(ctx context.Context, f fault) {
	switch f.kind {
	case kill:
		w.kill(f.worker, f.lasts)
	case leave:
		if h := w.takeHost(f.worker); h != nil {
			w.leaving.Go(h.leave)
			w.later(f.lasts, func() { w.restart(f.worker) })
		}
	case stop:
		w.hold(f, (*host).stop)
	case cut:
		w.hold(f, (*host).cut)
	case serverDown:
		w.allow(w.api.underWay(nil))
		w.down.Store(true)
		w.later(f.lasts, func() { w.allow(w.api.underWay(nil)); w.down.Store(false) })
	case serverFails:
		w.allow(w.api.underWay(nil))
		w.failing.Store(true)
		w.later(f.lasts, func() { w.allow(w.api.underWay(nil)); w.failing.Store(false) })
	case stall:
		w.stall(f)
	case diskFails:
		w.allow(w.api.underWay(nil))
		w.disk.Fail(0.3)
		w.api.setWriting(bound)
		w.later(f.lasts, func() { w.allow(w.api.allowed()); w.disk.Fail(0) })
	case diskFull:
		w.disk.Fill(true)
		w.api.setWriting(bound) // answers are held until there is room
		w.later(f.lasts, func() { w.disk.Fill(false) })
	case powerCut:
		w.cutPower(ctx, f.lasts)
	case flip:
		name, lines, err := w.disk.Flip(ctx, w.plan.spec.Output.URI, f.part)
		w.note("flipped a bit of %s: %v", name, err)
		w.allow(lines)
	default:
		w.operate(ctx, f)
	}
}

// later ends a fault.
func (w *world) later(after time.Duration, end func()) {
	w.faults.Add(1)
	w.background.Go(func() {
		defer w.faults.Done()
		time.Sleep(after)
		end()
	})
}

func (h *host) stop() func() { return h.process.Stop() }
func (h *host) cut() func()  { return h.process.Cut() }

// hold holds a worker, or its link, for the time of the fault.
func (w *world) hold(f fault, begin func(*host) func()) {
	h := w.host(f.worker)
	if h == nil {
		return
	}
	w.allow(w.api.underWay(h.process))
	end := begin(h)
	w.later(f.lasts, func() {
		w.allow(w.api.allowed())
		w.note("worker %d goes on", f.worker)
		end()
	})
}

// stall stops the process that does the next operation of the disk whose name has the part.
func (w *world) stall(f fault) {
	stopped := make(chan func(), 1)
	disarm := w.disk.Stall(f.part, w.seed.Rand(f.String()).IntN(2) == 0, func(p *process.Process, what string) {
		w.allow(w.api.underWay(p))
		w.note("%s stops at %s", p.Name, what)
		stopped <- p.Stop()
	})
	w.faults.Add(1)
	w.background.Go(func() {
		defer w.faults.Done()
		select {
		case goOn := <-stopped:
			time.Sleep(f.lasts)
			w.allow(w.api.allowed())
			w.note("the stopped worker goes on")
			goOn()
		case <-time.After(armed):
			disarm()
		}
	})
}

// kill kills the worker in a slot, and starts another one later.
func (w *world) kill(slot int, away time.Duration) {
	h := w.takeHost(slot)
	if h == nil {
		return
	}
	w.allow(w.api.underWay(h.process))
	h.process.Kill()
	w.leaving.Go(h.leave)
	w.later(away, func() { w.restart(slot) })
}

func (w *world) restart(slot int) {
	for {
		err := w.startHost(slot)
		w.note("a worker begins in slot %d: %v", slot, err)
		if err == nil {
			return
		}
		time.Sleep(time.Second) // it is started again, as a service is
	}
}

// cutPower kills all workers at once, and loses what was not synced.
func (w *world) cutPower(ctx context.Context, away time.Duration) {
	for slot := range w.hosts {
		w.kill(slot, away+time.Duration(slot)*time.Millisecond)
	}
	lost, err := w.disk.CutPower(ctx)
	w.note("the power is cut: %d lines are lost, %v", lost, err)
	w.allow(lost)
}

// operate is what an operator does with the workflow.
func (w *world) operate(ctx context.Context, f fault) {
	id := w.current()
	var err error
	switch f.kind {
	case reset:
		w.allow(w.api.underWay(nil))
		if points := w.server.ResetPoints(id); len(points) > 0 {
			r := w.seed.Rand("reset " + f.String())
			_, err = w.client.ResetWorkflowExecution(ctx, &workflowservice.ResetWorkflowExecutionRequest{
				Namespace: "default", WorkflowExecution: &commonpb.WorkflowExecution{WorkflowId: id}, RequestId: f.String(),
				WorkflowTaskFinishEventId: points[r.IntN(len(points))],
			})
		}
	case startAgain:
		w.allow(w.api.underWay(nil))
		if err = w.client.TerminateWorkflow(ctx, id, "", "simulated"); err == nil {
			err = w.start(ctx, strings.SplitN(id, "-", 2)[0])
		}
	case cancel:
		err = w.client.CancelWorkflow(ctx, id, "") // finish starts it again
	case rival:
		w.mu.Lock()
		w.starts++
		other, spec := fmt.Sprintf("rival-%d", w.starts), w.plan.spec
		w.mu.Unlock()
		err = w.startWorkflow(ctx, other, spec)
	case pause:
		err = w.client.SignalWorkflow(ctx, id, "", job.UpdatePause, job.Tuning{})
		w.later(f.lasts, func() {
			err := w.client.SignalWorkflow(ctx, w.current(), "", job.UpdateResume, job.Tuning{})
			w.note("resumed: %v", err)
		})
	case tune:
		w.api.allow(max(w.api.allowed(), *f.tuning.Parallelism))
		err = w.client.SignalWorkflow(ctx, id, "", job.UpdateTune, f.tuning)
	}
	w.note("%s: %v", f.kind, err)
}
