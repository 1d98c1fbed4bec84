package pool

import (
	"context"
	"fmt"
	"sync"
	"sync/atomic"
	"time"

	"github.com/cenkalti/backoff/v5"
	"github.com/failsafe-go/failsafe-go/circuitbreaker"

	"longhaul/job"
)

// longestProbeInterval bounds the growth of the interval between probes, unless
// the first is longer.
const longestProbeInterval = time.Minute

// outage sees when nearly all calls fail in a way that a retry could mend. When
// that has lasted for a while it lets one call through now and then, until one
// is answered.
type outage struct {
	spec job.OutageSpec
	// breaker is open during an outage, half-open for a probe.
	breaker circuitbreaker.CircuitBreaker[any]
	// troubled is set while there are failures among the recent calls, down while
	// the breaker is not closed: they spare the locks.
	troubled, down atomic.Bool
	// wake has the pool look whether calls may start.
	wake func()
	// over is done when the outage has lasted too long.
	over   context.Context
	giveUp context.CancelCauseFunc

	mu     sync.Mutex
	recent recent
	last   *job.CallError
	// since is when nearly all calls began to fail; zero if they do not.
	since time.Time
	// begins is waited for before the breaker opens, next before a probe.
	begins, next *time.Timer
	nextAt       time.Time
	waits        *backoff.ExponentialBackOff
}

// newOutage sees none if the spec's After is 0.
func newOutage(spec job.OutageSpec, wake func()) *outage {
	o := &outage{spec: spec, wake: wake, waits: &backoff.ExponentialBackOff{
		InitialInterval: spec.ProbeInterval.Std(), Multiplier: 2,
		MaxInterval: max(longestProbeInterval, spec.ProbeInterval.Std()),
	}}
	o.over, o.giveUp = context.WithCancelCause(context.Background())
	// It opens and half-opens when told to; one answer closes it.
	o.breaker = circuitbreaker.NewBuilder[any]().WithDelay(1<<62).WithSuccessThreshold(1).
		WithFailureThresholdPeriod(1<<31, time.Hour).
		OnOpen(func(circuitbreaker.StateChangedEvent) { o.opened() }).
		OnClose(func(circuitbreaker.StateChangedEvent) { o.ended() }).
		Build()
	return o
}

// allows says whether a call may start, and whether it is the probe. If the answer
// is yes it must start, and tell with note or abandoned how it ended.
func (o *outage) allows() (allowed, probe bool) {
	if !o.down.Load() {
		return true, false
	}
	allowed = o.breaker.TryAcquirePermit()
	return allowed, allowed
}

// note takes the outcome of a call; first says whether it was its record's first.
// It returns whether the attempt counts: while nearly all calls fail, no record
// is to blame. A probe does count: records that always fail must not look like an
// outage for ever.
//
// Of the failures only those of first calls say something about the API: at the
// end of a list only the records that fail are left. A failure that no retry can
// mend is an answer.
func (o *outage) note(failure *job.CallError, first, probe bool) (counts bool) {
	if o.spec.After == 0 {
		return true
	}
	failed := failure != nil && failure.Retry
	if !failed && !o.troubled.Load() {
		return true
	}
	o.mu.Lock()
	if failed {
		o.last = failure
	}
	if !failed || first {
		o.recent.add(failed)
	}
	o.troubled.Store(o.recent.failed > 0 || o.down.Load())
	switch nearlyAll := o.recent.nearlyAllFailed(); {
	case nearlyAll && o.since.IsZero():
		since := time.Now()
		o.since = since
		o.begins = time.AfterFunc(o.spec.After.Std(), func() { o.open(since) })
	case !nearlyAll && !o.since.IsZero() && !o.down.Load():
		o.begins.Stop()
		o.since = time.Time{}
	}
	counts = probe || o.since.IsZero()
	o.mu.Unlock()
	switch {
	case !o.down.Load():
	case failed:
		o.breaker.RecordFailure()
	default:
		o.breaker.RecordSuccess()
	}
	return counts
}

// abandoned is for a call that was allowed and not made, or cut off: as a probe
// it tells nothing, and another one has to be made.
func (o *outage) abandoned() {
	if o.down.Load() && o.breaker.IsHalfOpen() {
		o.breaker.RecordFailure()
	}
}

// open begins the outage, unless it has turned out to be none.
func (o *outage) open(since time.Time) {
	o.mu.Lock()
	still := o.since.Equal(since)
	o.mu.Unlock()
	if still {
		o.breaker.Open()
	}
}

// opened comes at the beginning, and after each probe that failed.
func (o *outage) opened() {
	defer o.wake() // those that wait for the rate must not start any more
	o.mu.Lock()
	defer o.mu.Unlock()
	o.down.Store(true)
	now := time.Now()
	if o.since.IsZero() {
		o.since = now // a call came through a moment ago: the probe will tell
	}
	if limit := o.spec.GiveUp.Std(); limit > 0 && now.Sub(o.since) >= limit {
		o.giveUp(job.Errorf(job.KindOutage, "outage.give_up", "nearly all calls have failed for %s, the last with %v", o.spec.GiveUp, o.last).
			WithHint("what was done is kept: when the calls can succeed again, start the job again with the same output to go on"))
		return
	}
	wait := o.waits.NextBackOff()
	o.nextAt = now.Add(wait)
	o.next = time.AfterFunc(wait, func() {
		o.breaker.HalfOpen()
		o.wake()
	})
}

func (o *outage) ended() {
	o.mu.Lock()
	o.since, o.recent, o.nextAt = time.Time{}, recent{}, time.Time{}
	o.waits.Reset()
	o.down.Store(false)
	o.mu.Unlock()
	o.wake()
}

// waiting says what the pool waits for; empty if calls are made.
func (o *outage) waiting() string {
	o.mu.Lock()
	defer o.mu.Unlock()
	if o.nextAt.IsZero() {
		return ""
	}
	return fmt.Sprintf("waiting for the API: nearly all calls have failed since %s, the last with %s; one call at %s tries again",
		o.since.Local().Format(time.TimeOnly), o.last.Brief(), o.nextAt.Local().Format(time.TimeOnly))
}

// close stops the timers of a pool that is not used any more.
func (o *outage) close() {
	o.mu.Lock()
	defer o.mu.Unlock()
	for _, timer := range []*time.Timer{o.begins, o.next} {
		if timer != nil {
			timer.Stop()
		}
	}
}

// recent is how the last calls ended: true for those that failed.
type recent struct {
	outcomes [20]bool
	calls    int
	failed   int
}

func (r *recent) add(failed bool) {
	place := &r.outcomes[r.calls%len(r.outcomes)]
	if *place {
		r.failed--
	}
	if *place = failed; failed {
		r.failed++
	}
	r.calls++
}

// nearlyAllFailed says so when 19 of the last 20 have failed.
func (r *recent) nearlyAllFailed() bool { return r.failed >= len(r.outcomes)-1 }
