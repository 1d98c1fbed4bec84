package simulation

import (
	"context"
	"fmt"
	"hash"
	"hash/fnv"
	"io"
	"strings"
	"sync"
	"sync/atomic"
	"time"

	enumspb "go.temporal.io/api/enums/v1"
	"go.temporal.io/sdk/client"

	"longhaul/internal/simulation/disk"
	"longhaul/internal/simulation/process"
	"longhaul/internal/simulation/server"
	"longhaul/job"
	"longhaul/workflows"
)

const (
	// bound is how long a job may take after the last fault has ended.
	bound = time.Hour
	// aftermath is how long the world goes on after the end: whoever was stopped wakes, and
	// may do harm.
	aftermath = 2 * time.Minute
	// maxStarts is how often a job is started again after it has failed.
	maxStarts = 5
)

// Result is what came of a seed.
type Result struct {
	// Plan is what the seed has chosen.
	Plan string
	// Violations are the promises that were broken; none if all is well.
	Violations []string
	// Trace is a digest of all that happened.
	Trace uint64
	// Calls were made, Repeated of them for answers that were there before; Allowed could
	// have been.
	Calls, Repeated, Allowed int
	// Refuted: a flipped bit was not healed, and verify says so.
	Refuted bool
	// Lasted is the simulated time.
	Lasted time.Duration
}

// world is one seed's.
type world struct {
	seed   process.Seed
	plan   plan
	server *server.Server
	disk   *disk.Disk
	api    *api
	// down: the server does not answer; failing: it answers most requests with an error.
	down, failing atomic.Bool
	began         time.Time
	// client is that of an operator, whose connection has no fault.
	client client.Client
	// background is what goes on beside, faults the faults that have not ended.
	background, faults sync.WaitGroup
	// leaving are hosts that are ending.
	leaving sync.WaitGroup

	mu         sync.Mutex
	hosts      []*host // by slot; nil while the worker is away
	names      int
	workflowID string
	starts     int
	allowed    int
	violations []string
	trace      io.Writer
	digest     hash.Hash64
	ending     bool
}

// Run simulates a seed, and writes what happens to trace. It must be called in a synctest
// bubble.
func Run(ctx context.Context, seed uint64, trace io.Writer) (*Result, error) {
	s := process.Seed(seed)
	w := &world{seed: s, plan: newPlan(s), digest: fnv.New64a(), began: time.Now(), trace: trace}
	w.api = newAPI(s, &w.plan)
	w.api.trace, w.api.violate = w.note, w.violate
	w.server = server.New(server.Options{ContinueAfter: w.plan.continueAfter, Trace: w.note, Ended: w.ended})
	w.disk = disk.New(s, w.plan.slow, w.plan.slowEvery, w.note)
	w.hosts = make([]*host, w.plan.workers)
	result := &Result{Plan: w.plan.String()}
	err := w.run(ctx, result)
	result.Violations, result.Trace = w.violations, w.digest.Sum64()
	result.Calls, result.Allowed, result.Lasted = w.api.calls, w.allowed, time.Since(w.began)
	return result, err
}

func (w *world) run(ctx context.Context, result *Result) error {
	if err := w.prepare(); err != nil {
		return err
	}
	defer w.end()   // what follows is not part of what was simulated
	w.faults.Add(1) // before anybody waits for their end
	w.background.Go(func() {
		defer w.faults.Done()
		w.happen(ctx)
	})
	finished, err := w.finish(ctx, "job")
	if err != nil {
		return err
	}
	result.Repeated += w.api.repeated()
	if finished && w.plan.redrive {
		w.api.fix()
		w.mu.Lock()
		w.plan.spec.Redrive = &job.RedriveSpec{}
		w.mu.Unlock()
		if finished, err = w.finish(ctx, "redrive"); err != nil {
			return err
		}
		result.Repeated += w.api.repeated()
	}
	w.faults.Wait()
	time.Sleep(aftermath)
	return w.check(ctx, result, finished)
}

func (w *world) prepare() (err error) {
	var lines strings.Builder
	for i := range w.plan.records {
		fmt.Fprintf(&lines, `{"i":%d}`+"\n", i)
	}
	w.disk.Objects().SetInput("input.jsonl", lines.String())
	if w.client, err = w.connect(process.New(operator, w.seed), nil); err != nil {
		return err
	}
	for slot := range w.hosts {
		if err := w.startHost(slot); err != nil {
			return err
		}
	}
	return nil
}

// end ends all that runs.
func (w *world) end() {
	w.mu.Lock()
	w.ending = true
	w.mu.Unlock()
	w.background.Wait()
	for slot := range w.hosts {
		if h := w.takeHost(slot); h != nil {
			h.process.Kill()
			w.leaving.Go(h.leave)
		}
	}
	w.leaving.Wait()
	w.client.Close()
	for _, failure := range w.server.Failures() {
		w.violate("a workflow task failed: %s", failure)
	}
}

// startHost starts a worker in a slot.
func (w *world) startHost(slot int) error {
	w.mu.Lock()
	w.names++
	name := fmt.Sprintf("worker-%d.%d", slot, w.names)
	w.mu.Unlock()
	h, err := w.newHost(name)
	if err != nil {
		return err
	}
	w.mu.Lock()
	defer w.mu.Unlock()
	w.hosts[slot] = h
	return nil
}

// takeHost takes the worker out of a slot; nil if there is none.
func (w *world) takeHost(slot int) *host {
	w.mu.Lock()
	defer w.mu.Unlock()
	h := w.hosts[slot]
	w.hosts[slot] = nil
	return h
}

// host is the worker in a slot; nil if it is away.
func (w *world) host(slot int) *host {
	w.mu.Lock()
	defer w.mu.Unlock()
	return w.hosts[slot]
}

// start starts the job, or starts it again.
func (w *world) start(ctx context.Context, name string) error {
	w.mu.Lock()
	w.starts++
	w.workflowID = fmt.Sprintf("%s-%d", name, w.starts)
	id, spec := w.workflowID, w.plan.spec
	w.mu.Unlock()
	return w.startWorkflow(ctx, id, spec)
}

func (w *world) startWorkflow(ctx context.Context, id string, spec job.Spec) error {
	_, err := w.client.ExecuteWorkflow(ctx, client.StartWorkflowOptions{ID: id, TaskQueue: taskQueue}, workflows.BulkCall, spec, workflows.State{})
	return err
}

// current is the workflow of the job.
func (w *world) current() string {
	w.mu.Lock()
	defer w.mu.Unlock()
	return w.workflowID
}

// finish starts a job, and again if it has ended otherwise, until it has completed. It
// returns false if that cannot be.
func (w *world) finish(ctx context.Context, name string) (bool, error) {
	if err := w.start(ctx, name); err != nil {
		return false, err
	}
	faults := make(chan struct{})
	w.background.Go(func() { w.faults.Wait(); close(faults) })
	late := time.Duration(0)
	for failed := 0; late < bound; {
		time.Sleep(time.Second)
		select {
		case <-faults:
			late += time.Second
		default:
		}
		status, reason := w.server.Status(w.current())
		switch status {
		case enumspb.WORKFLOW_EXECUTION_STATUS_COMPLETED:
			return true, nil
		case enumspb.WORKFLOW_EXECUTION_STATUS_RUNNING, enumspb.WORKFLOW_EXECUTION_STATUS_CONTINUED_AS_NEW:
			continue
		case enumspb.WORKFLOW_EXECUTION_STATUS_FAILED:
			w.note("the job has failed: %s", reason)
			if failed++; !w.mayFailWith(reason) || failed == maxStarts {
				if !w.mayFail() {
					w.violate("the job has failed: %s", reason)
				}
				return false, nil
			}
		}
		if err := w.start(ctx, name); err != nil {
			return false, err
		}
	}
	w.violate("the job has not ended %s after the last fault", bound)
	return false, nil
}

// mayFail says whether something was damaged that cannot be made anew.
func (w *world) mayFail() bool {
	for _, f := range w.plan.faults {
		if f.kind == flip && !heals(f.part) {
			return true
		}
	}
	return false
}

// mayFailWith says whether a job may fail so, and is to be started again then: three
// workers were killed while they indexed its input; or another job took the folder when its
// run was reset, or its claim could not be read any more.
func (w *world) mayFailWith(reason string) bool {
	return w.mayFail() || strings.Contains(reason, "workers in a row have died") ||
		w.plan.has(rival) && (w.plan.has(reset) || w.plan.has(flip)) && strings.Contains(reason, "taken over by another job")
}

// ended is told when a run has ended. It is called with the server's lock.
func (w *world) ended(workflowID string, status enumspb.WorkflowExecutionStatus) {
	if workflowID == w.current() && status == enumspb.WORKFLOW_EXECUTION_STATUS_COMPLETED {
		w.api.setEnded(true)
	}
}

// note writes a line into the trace.
func (w *world) note(format string, args ...any) {
	line := fmt.Sprintf("%10.6f ", time.Since(w.began).Seconds()) + strings.TrimSpace(fmt.Sprintf(format, args...))
	w.mu.Lock()
	defer w.mu.Unlock()
	if !w.ending {
		_, _ = w.digest.Write([]byte(line))
	}
	_, _ = fmt.Fprintln(w.trace, line)
}

// violate says that a promise was broken.
func (w *world) violate(format string, args ...any) {
	text := fmt.Sprintf("at %.6f s: ", time.Since(w.began).Seconds()) + fmt.Sprintf(format, args...)
	w.note("VIOLATED %s", text)
	w.mu.Lock()
	defer w.mu.Unlock()
	if len(w.violations) < 20 {
		w.violations = append(w.violations, text)
	}
}

// allow says that so many answers may be asked for once more, because of a fault.
func (w *world) allow(repeats int) {
	w.mu.Lock()
	defer w.mu.Unlock()
	w.allowed += repeats
}
