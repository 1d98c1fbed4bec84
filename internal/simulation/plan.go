package simulation

import (
	"cmp"
	"fmt"
	"math/rand/v2"
	"slices"
	"strings"
	"time"

	"longhaul/internal/simulation/process"
	"longhaul/job"
)

// plan is what a seed chooses before the world begins.
type plan struct {
	spec    job.Spec
	records int64
	workers int
	// longest is how long a call may take; most take a tenth at most.
	longest time.Duration
	// failing is the share of records whose calls fail until the API is fixed, flaky that of
	// calls that fail and may be made again.
	failing, flaky float64
	// slow is how long an operation of the disk may take; one in slowEvery is slow.
	slow      time.Duration
	slowEvery int
	// continueAfter is after how many events a run continues as new.
	continueAfter int
	faults        []fault
	// redrive has the failed records called again at the end.
	redrive bool
}

// fault is something that happens at a time after the start.
type fault struct {
	at   time.Duration
	kind kind
	// worker is whose fault it is, if it is one's.
	worker int
	// lasts is how long it lasts, or how long the worker stays away.
	lasts time.Duration
	// tuning is what a change of settings changes.
	tuning job.Tuning
	part   string
}

func (f fault) String() string {
	text := fmt.Sprintf("%s %s", f.at.Round(time.Millisecond), f.kind)
	switch f.kind {
	case kill, stop, cut, leave:
		text += fmt.Sprintf(" worker %d for %s", f.worker, f.lasts.Round(time.Millisecond))
	case serverDown, serverFails, diskFails, diskFull, pause, powerCut:
		text += fmt.Sprintf(" for %s", f.lasts.Round(time.Millisecond))
	case tune:
		if f.tuning.Parallelism != nil {
			text += fmt.Sprintf(" parallelism %d", *f.tuning.Parallelism)
		}
	case flip:
		text += " in " + f.part
	case stall:
		text += fmt.Sprintf(" of %s for %s", f.part, f.lasts.Round(time.Millisecond))
	}
	return text
}

type kind string

const (
	kill       kind = "kill"
	stop       kind = "stop"
	cut        kind = "cut"
	leave      kind = "terminate" // SIGTERM
	serverDown kind = "server down"
	diskFails  kind = "disk fails"
	diskFull   kind = "disk full"
	powerCut   kind = "power cut"
	flip       kind = "flip a bit"
	reset      kind = "reset"
	startAgain kind = "terminate the workflow, start again"
	cancel     kind = "cancel the workflow, start again"
	pause      kind = "pause"
	tune       kind = "tune"
	rival      kind = "start another job in the same folder"
	// stall stops whichever worker writes next what the part names, just before or after.
	stall       kind = "stop at a write"
	serverFails kind = "server fails"
)

// weights say how often a fault is drawn.
var weights = []struct {
	kind   kind
	weight int
}{
	{kill, 6}, {stop, 8}, {cut, 6}, {leave, 2}, {serverDown, 2}, {diskFails, 3}, {diskFull, 2}, {powerCut, 1}, {flip, 1},
	{reset, 3}, {startAgain, 2}, {cancel, 1}, {pause, 2}, {tune, 2}, {rival, 2},
}

// every are the numbers of events after which a run continues: often, so that each step of
// a job is a run's last one in some seed.
var every = []int{0, 0, 0, 10, 20, 30, 50, 70, 110}

func newPlan(seed process.Seed) plan {
	r := seed.Rand("plan")
	spec := job.DefaultSpec()
	spec.Input.URI, spec.Output.URI = "input.jsonl", "out"
	spec.Call.Func = &job.FuncSpec{Name: "call", Timeout: job.Duration(time.Hour)}
	spec.Parallelism = 1 + r.IntN(12)
	spec.ChunkSize = 1 + r.Int64N(12)
	spec.BatchSize = 1 + r.Int64N(4)
	spec.ChunkInterval = job.Duration(r.IntN(3)) * job.Duration(100*time.Millisecond)
	spec.HeartbeatTimeout = job.Duration(time.Second + time.Duration(r.IntN(5))*time.Second)
	spec.MaxFailures = job.FailureLimit{Value: 100, Percent: true}
	spec.Canary = r.IntN(2) * 20
	if r.IntN(3) == 0 {
		spec.Rate = float64(2 + r.IntN(20))
	}
	p := plan{
		spec: spec, records: 1 + r.Int64N(70), workers: 1 + r.IntN(4),
		longest: pick(r, 100*time.Millisecond, time.Second, 10*time.Second), failing: pick(r, 0, 0, 0.1), flaky: pick(r, 0, 0, 0.1),
		slow: pick(r, 100*time.Millisecond, 3*time.Second, 20*time.Second), slowEvery: pick(r, 0, 20, 100, 500),
		continueAfter: pick(r, every...), redrive: r.IntN(2) == 0,
	}
	p.drawFaults(r)
	return p
}

func pick[T any](r *rand.Rand, from ...T) T { return from[r.IntN(len(from))] }

func (p *plan) drawFaults(r *rand.Rand) {
	total := 0
	for _, w := range weights {
		total += w.weight
	}
	within := process.Between(r, 2*time.Second, 40*time.Second)
	for range r.IntN(8) {
		f := fault{at: process.Between(r, 0, within), worker: r.IntN(p.workers), kind: kill}
		chosen := r.IntN(total)
		for _, w := range weights {
			if chosen -= w.weight; chosen < 0 {
				f.kind = w.kind
				break
			}
		}
		f.lasts = process.Between(r, 0, pick(r, time.Second, 3*p.spec.HeartbeatTimeout.Std(), 10*p.spec.HeartbeatTimeout.Std()))
		parallelism := 1 + r.IntN(16)
		f.tuning = job.Tuning{Parallelism: &parallelism}
		f.part = pick(r, "journal/", "journal/", "commits/", "part-", "errors-", "owner/", "index", "control.json", "job.json")
		p.faults = append(p.faults, f)
	}
	p.drawStalls(r, within)
	p.drawContest(r, within)
	slices.SortFunc(p.faults, func(a, b fault) int { return cmp.Compare(a.at, b.at) })
}

// drawStalls has workers stop in the middle of a write, in a third of the seeds: some for
// so long that all others have finished when they go on.
func (p *plan) drawStalls(r *rand.Rand, within time.Duration) {
	if r.IntN(3) > 0 {
		return
	}
	for range 1 + r.IntN(3) {
		p.faults = append(p.faults, fault{
			kind: stall, at: process.Between(r, 0, within),
			part:  pick(r, "part-", "errors-", "commits/", "_SUCCESS", "job.json", "control.json", "journal/", "owner/", "index"),
			lasts: process.Between(r, p.spec.HeartbeatTimeout.Std(), pick(r, 3*p.spec.HeartbeatTimeout.Std(), time.Minute, 5*time.Minute)),
		})
	}
}

// drawContest has another job come while this one is paused, so that nobody is at work in
// the folder, and the server fails just then. One seed in ten.
func (p *plan) drawContest(r *rand.Rand, within time.Duration) {
	if r.IntN(10) > 0 {
		return
	}
	paused := process.Between(r, 0, within/2)
	comes := paused + process.Between(r, 0, 6*p.spec.HeartbeatTimeout.Std())
	p.faults = append(p.faults,
		fault{kind: pause, at: paused, lasts: process.Between(r, 0, 20*p.spec.HeartbeatTimeout.Std())},
		fault{kind: rival, at: comes},
		fault{kind: pick(r, serverDown, serverFails), at: comes + process.Between(r, 0, 200*time.Millisecond), lasts: process.Between(r, 0, time.Minute)},
	)
}

// String says what the seed has chosen.
func (p plan) String() string {
	var b strings.Builder
	fmt.Fprintf(&b, "%d records, %d workers, parallelism %d, chunks of %d every %s, batches of %d chunks, heartbeat %s, rate %g, canary %d\n",
		p.records, p.workers, p.spec.Parallelism, p.spec.ChunkSize, p.spec.ChunkInterval, p.spec.BatchSize, p.spec.HeartbeatTimeout, p.spec.Rate, p.spec.Canary)
	fmt.Fprintf(&b, "calls up to %s, %g of the records fail, %g of the calls; one disk operation in %d takes up to %s; new run after %d events; redrive %t\n",
		p.longest, p.failing, p.flaky, p.slowEvery, p.slow, p.continueAfter, p.redrive)
	for _, f := range p.faults {
		fmt.Fprintf(&b, "  %s\n", f)
	}
	return b.String()
}

// has says whether a fault of the kind is in the plan.
func (p plan) has(k kind) bool {
	return slices.ContainsFunc(p.faults, func(f fault) bool { return f.kind == k })
}
