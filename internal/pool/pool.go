package pool

import (
	"container/list"
	"context"
	"sync"
	"sync/atomic"
	"time"

	"github.com/google/uuid"
	"golang.org/x/sync/semaphore"

	"longhaul/calls"
	"longhaul/job"
)

// Pool is a semaphore whose size is the sum of the grants that have joined, and
// a rate limiter likewise. The zero value is not ready; use New.
type Pool struct {
	id      string
	caller  calls.Caller
	options Options
	outage  *outage
	canary  *canary
	tally   tally
	stuck   stuck
	// over is done when the pool makes no call any more, because of what its calls
	// came to.
	over context.Context
	end  context.CancelCauseFunc

	// isolation lets a call be the only one of the job in this process: each other
	// call has one of it.
	isolation *semaphore.Weighted
	// waitingRecords has the bytes of the records that wait without a token.
	waitingRecords *semaphore.Weighted

	// backingOff counts records that wait for their next attempt.
	backingOff atomic.Int64
	// calling counts the calls that are made now, without those that wait with a token.
	calling atomic.Int64
	// refused is set once the API has refused a call: starts are spaced since.
	refused atomic.Bool

	mu       sync.Mutex
	slots    map[*Slot]struct{}
	members  int
	capacity int
	inFlight int
	// leasesUntil is when the next slot's lease ends.
	leasesUntil time.Time
	// waiting are the calls that wait for a token, leaving the chunks that wait
	// until the calls in flight fit without their grant.
	waiting queue
	// tasks go to a goroutine that waits for one.
	tasks   chan task
	leaving list.List
	// probes counts the calls that an open circuit breaker let through.
	probes int
	// brakedUntil holds all calls back, see Brake.
	brakedSince, brakedUntil time.Time
	brake                    *time.Timer
	throttle                 *throttle
	// awaitsRoom: a call waits until there are fewer, see adaptive.
	awaitsRoom  bool
	adaptive    *adaptive
	concurrency *concurrency
	// throttled is when the API first refused a call of those since the last
	// success; zero if it did not.
	throttled time.Time
	// answered is set when a call was not refused, since one was.
	answered bool
	// holds counts the chunks whose answers cannot be written now; heldSince is when the
	// first of them began, and heldBy why.
	holds     int
	heldSince time.Time
	heldBy    error
	// control is the last change of settings, by the run whose chunks are here.
	control job.Control
	runID   string
}

// Options are what a job's spec says of its calls.
type Options struct {
	Retry  job.RetrySpec
	Outage job.OutageSpec
	// Output is the job's, for messages.
	Output string
	// Timeout is that of calls that nobody can end but they themselves; 0 for calls
	// that end in time.
	Timeout time.Duration
	// Stuck is told of each call that has not returned one second after its timeout,
	// and again when it has returned.
	Stuck func(record int64, since time.Time, returned bool)
}

// New makes a pool without tokens for one kind of call.
func New(caller calls.Caller, options Options) *Pool {
	p := &Pool{
		id: uuid.NewString(), caller: caller, options: options,
		isolation: semaphore.NewWeighted(everyCall), waitingRecords: semaphore.NewWeighted(maxWaiting), slots: map[*Slot]struct{}{}, throttle: newThrottle(), concurrency: newConcurrency(),
		tally: tally{output: options.Output}, stuck: stuck{timeout: options.Timeout, report: options.Stuck, calls: map[*stuckCall]struct{}{}},
	}
	p.adaptive = newAdaptive(p.concurrency)
	p.over, p.end = context.WithCancelCause(context.Background())
	p.outage = newOutage(options.Outage, p.wake, p.end)
	p.canary = newCanary(options.Outage.GiveUpAtStart, p.wake, p.outage.probeNow, p.end)
	return p
}

// StartCanary limits the calls in flight until one has succeeded, if none has.
func (p *Pool) StartCanary(calls int) { p.canary.begin(calls) }

// Proven is closed when a call has succeeded.
func (p *Pool) Proven() <-chan struct{} { return p.canary.proven }

// Prove is for a job of which a call has succeeded elsewhere, or before.
func (p *Pool) Prove() { p.canary.prove() }

// Tolerate sets how many failures end the calls, as a chunk with this grant says. A
// later change of settings counts more.
func (p *Pool) Tolerate(budget job.FailureBudget, grant job.LaneGrant) {
	p.mu.Lock()
	if changed := p.control.MaxFailures; changed != nil && p.control.RunID == grant.RunID && p.control.Version > grant.Version {
		budget.Limit = *changed
	}
	p.mu.Unlock()
	p.endIf(p.tally.setBudget(budget))
}

// Counts are the records that have ended here.
func (p *Pool) Counts() job.Totals { return p.tally.here() }

// CountElsewhere takes the counts of the job's other processes.
func (p *Pool) CountElsewhere(totals job.Totals) { p.endIf(p.tally.setElsewhere(totals)) }

func (p *Pool) endIf(err error) {
	if err != nil {
		p.end(err)
	}
}

// ID tells this pool from those of other processes.
func (p *Pool) ID() string { return p.id }
