package simulation

import (
	"context"
	"errors"
	"fmt"
	"sync"
	"time"

	"longhaul/calls"
	"longhaul/internal/simulation/process"
	"longhaul/job"
)

// api is what the job calls. It counts calls as an API does, whatever becomes of the
// processes that make them.
type api struct {
	seed    process.Seed
	plan    *plan
	trace   func(format string, args ...any)
	violate func(format string, args ...any)

	mu       sync.Mutex
	inFlight int
	// of is how many are in flight by process, most the most there ever were since marked.
	of map[*process.Process]int
	// limit is the most that may be in flight, limits what it becomes later.
	limit  int
	starts []time.Time
	// ends are when calls ended, writing is how long their answers may take to be written.
	ends    []ended
	writing time.Duration
	// tries and successes are how often a record was called, and answered, since the job
	// began. A job that is started again calls failed records again.
	tries, successes map[int64]int
	calls            int
	// fixed: no record fails any more.
	fixed bool
	// ended: no call may come.
	ended bool
}

type ended struct {
	at      time.Time
	process *process.Process
}

type input struct {
	Index int64 `json:"i"`
}

type output struct {
	Index int64 `json:"answer"`
}

func newAPI(seed process.Seed, p *plan) *api {
	writing := 10 * time.Millisecond
	if p.slowEvery > 0 {
		writing += p.slow
	}
	return &api{writing: writing, seed: seed, plan: p, limit: p.spec.Parallelism, of: map[*process.Process]int{}, tries: map[int64]int{}, successes: map[int64]int{}}
}

// function is the API as a process calls it.
func (a *api) function(p *process.Process) calls.Function {
	return calls.Func("call", func(ctx context.Context, in input) (output, error) { return a.call(ctx, p, in.Index) })
}

func (a *api) call(ctx context.Context, p *process.Process, index int64) (output, error) {
	// A process that was stopped has not come so far: it finds, when it goes on, that its
	// call has been cut off.
	stopped := p.WasStopped(a.jitter())
	if err := p.Wait(0); err != nil {
		return output{}, err
	}
	if ctx.Err() != nil {
		return output{}, context.Cause(ctx)
	}
	try := a.begin(p, index, stopped)
	r := a.seed.Rand(fmt.Sprintf("call %d %d", index, try))
	lasts := process.Between(r, time.Millisecond, a.plan.longest/10)
	if r.IntN(20) == 0 {
		lasts = process.Between(r, time.Millisecond, a.plan.longest)
	}
	flaky := r.Float64() < a.plan.flaky
	cutOff := a.await(ctx, p, lasts)
	failure := a.end(p, index, flaky, cutOff)
	if cutOff != nil {
		return output{}, cutOff
	}
	if err := p.Wait(0); err != nil {
		return output{}, err
	}
	return output{index}, failure
}

// await returns when the API has answered, or the call is cut off. A process that is
// stopped cannot close its connection then; that the API goes on is not counted here.
func (a *api) await(ctx context.Context, p *process.Process, lasts time.Duration) error {
	timer := time.NewTimer(lasts)
	defer timer.Stop()
	select {
	case <-timer.C:
		return nil
	case <-p.Dead():
		return process.ErrDead
	case <-ctx.Done():
		return context.Cause(ctx)
	}
}

// begin counts a call. Those that were to begin while their process was stopped begin all
// at once here, because the process has not really been stopped: the rate does not count
// them.
func (a *api) begin(p *process.Process, index int64, stopped bool) (try int) {
	a.mu.Lock()
	defer a.mu.Unlock()
	a.inFlight++
	a.of[p]++
	a.calls++
	a.tries[index]++
	a.trace("%s calls %d (%d in flight)", p.Name, index, a.inFlight)
	if a.inFlight > a.limit {
		a.violate("promise 4: %d calls are in flight, %d are allowed", a.inFlight, a.limit)
	}
	if a.ended {
		a.violate("a call of record %d after the end of the job", index)
	}
	if rate := a.plan.spec.Rate; rate > 0 && !stopped {
		now := time.Now()
		for len(a.starts) > 0 && now.Sub(a.starts[0]) >= time.Second-a.jitter() {
			a.starts = a.starts[1:]
		}
		a.starts = append(a.starts, now)
		if float64(len(a.starts)) > rate {
			a.violate("promise 4: %d calls within a second, the rate is %g", len(a.starts), rate)
		}
	}
	return a.tries[index]
}

// jitter is how much later than allowed by the rate a call may begin: its mark is written
// in between.
func (a *api) jitter() time.Duration {
	if a.plan.slowEvery == 0 {
		return time.Millisecond
	}
	return a.plan.slow / 10
}

func (a *api) end(p *process.Process, index int64, flaky bool, cutOff error) error {
	a.mu.Lock()
	defer a.mu.Unlock()
	a.inFlight--
	a.of[p]--
	a.trace("%s: call of %d ends: %v", p.Name, index, cutOff)
	if cutOff != nil {
		return cutOff
	}
	a.ends = append(a.ends, ended{time.Now(), p})
	fails := a.fails(index)
	if flaky && !fails {
		return errors.New("try again")
	}
	if fails {
		return &job.CallError{Kind: "refused", Message: "no"}
	}
	a.successes[index]++
	return nil
}

// fails says whether a record fails whatever is done; called with the lock.
func (a *api) fails(index int64) bool {
	return !a.fixed && a.seed.Rand(fmt.Sprintf("fails %d", index)).Float64() < a.plan.failing
}

// underWay is how many calls of a process, or of all, are in flight, or have ended so short
// a time ago that their answers may not be written.
func (a *api) underWay(p *process.Process) int {
	a.mu.Lock()
	defer a.mu.Unlock()
	count := a.inFlight
	if p != nil {
		count = a.of[p]
	}
	for i := len(a.ends) - 1; i >= 0 && time.Since(a.ends[i].at) < a.writing; i-- {
		if p == nil || a.ends[i].process == p {
			count++
		}
	}
	return min(count, a.limit)
}

// setWriting sets how long an answer may take to be written.
func (a *api) setWriting(d time.Duration) {
	a.mu.Lock()
	defer a.mu.Unlock()
	a.writing = d
}

// repeated is how many answers were asked for once more.
func (a *api) repeated() int {
	a.mu.Lock()
	defer a.mu.Unlock()
	repeated := 0
	for _, n := range a.successes {
		repeated += n - 1
	}
	return repeated
}

// fix has all records succeed from now on, and forgets what was counted.
func (a *api) fix() {
	a.mu.Lock()
	defer a.mu.Unlock()
	a.fixed, a.ended = true, false
	clear(a.successes)
}

func (a *api) setEnded(ended bool) {
	a.mu.Lock()
	defer a.mu.Unlock()
	a.ended = ended
}

// allow sets the most calls that may be in flight.
func (a *api) allow(limit int) {
	a.mu.Lock()
	defer a.mu.Unlock()
	a.limit = limit
}

// allowed is the most calls that may be in flight.
func (a *api) allowed() int {
	a.mu.Lock()
	defer a.mu.Unlock()
	return a.limit
}
