package pool

import (
	"fmt"
	"sync"
	"sync/atomic"
	"time"

	"github.com/cenkalti/backoff/v5"

	"longhaul/job"
)

const (
	// longestProbeInterval bounds the growth of the interval between probes, unless
	// the first is longer.
	longestProbeInterval = time.Minute
	// firstProbeInterval is the interval until the outage has lasted for its After:
	// most outages are over by then.
	firstProbeInterval = time.Second
)

// outage is a circuit breaker. It opens when nearly all calls fail in a way that a
// retry could fix; then it lets one call through now and then, until one is
// answered.
type outage struct {
	spec job.OutageSpec
	// wake has the pool look whether calls may start, stop ends it.
	wake func()
	stop func(error)
	// troubled is set while there are failures among the recent calls, open while
	// calls are held back: they spare the lock.
	troubled, open atomic.Bool

	mu     sync.Mutex
	recent recent
	last   *job.CallError
	// since is when the breaker opened.
	since time.Time
	// probing is set while the one call is made, nextAt is when it may be.
	probing bool
	nextAt  time.Time
	timer   *time.Timer
	waits   *backoff.ExponentialBackOff
}

// newOutage never opens if the spec's After is 0.
func newOutage(spec job.OutageSpec, wake func(), stop func(error)) *outage {
	return &outage{spec: spec, wake: wake, stop: stop, waits: &backoff.ExponentialBackOff{
		InitialInterval: spec.ProbeInterval.Std(), Multiplier: 2,
		MaxInterval: max(longestProbeInterval, spec.ProbeInterval.Std()),
	}}
}

// allows says whether a call may start, and whether it is the probe. If the answer
// is yes it must start, and tell with note or abandon how it ended.
func (o *outage) allows(now time.Time) (allowed, probe bool) {
	if !o.open.Load() {
		return true, false
	}
	o.mu.Lock()
	defer o.mu.Unlock()
	if o.probing || now.Before(o.nextAt) {
		return false, false
	}
	o.probing = true
	return true, true
}

// note takes the outcome of a call; first says whether it was its record's first.
// It returns whether the attempt counts: while nearly all calls fail, no record
// is to blame. A probe does count: records that always fail must not look like an
// outage for ever.
//
// Of the failures only those of first calls say something about the API: at the
// end of a list only the records that fail are left. A failure that no retry can
// fix is an answer, and so is a refusal because of too many calls.
func (o *outage) note(failure *job.CallError, first, probe bool) (counts bool) {
	if o.spec.After == 0 {
		return true
	}
	failed := failure != nil && failure.Retry && !failure.Throttled
	if !failed && !probe && !o.troubled.Load() {
		return true
	}
	defer o.wake() // after the lock: the pool's is taken before ours
	o.mu.Lock()
	defer o.mu.Unlock()
	if failed {
		o.last = failure
	}
	now := time.Now()
	switch {
	case probe && failed:
		o.scheduleProbe(now)
	case probe:
		o.close()
	case !o.open.Load():
		if !failed || first {
			o.recent.add(failed)
		}
		o.troubled.Store(o.recent.failed > 0)
		if o.recent.nearlyAllFailed() {
			o.since = now
			o.open.Store(true)
			o.scheduleProbe(now)
		}
	}
	return probe || !o.open.Load()
}

// probeNow has the next probe made at once.
func (o *outage) probeNow() {
	defer o.wake()
	o.mu.Lock()
	defer o.mu.Unlock()
	if !o.nextAt.IsZero() {
		o.nextAt = time.Now()
	}
}

// abandon is for a probe that was not made, or cut off: another one has to be made.
func (o *outage) abandon() {
	o.mu.Lock()
	defer o.mu.Unlock()
	o.probing = false
}

// scheduleProbe is called with the lock.
func (o *outage) scheduleProbe(now time.Time) {
	o.probing = false
	lasted := now.Sub(o.since)
	if limit := o.spec.GiveUp.Std(); limit > 0 && lasted >= limit {
		o.stop(job.Errorf(job.KindOutage, "outage.give_up", "nearly all calls have failed for %s, the last with %s", o.spec.GiveUp, o.last.Name()).
			WithHint("what was done is kept: when the calls can succeed again, start the job again with the same output to go on"))
		return
	}
	wait := min(firstProbeInterval, o.spec.ProbeInterval.Std())
	if lasted >= o.spec.After.Std() {
		wait = o.waits.NextBackOff()
	}
	o.nextAt = now.Add(wait)
	o.timer = time.AfterFunc(wait, o.wake)
}

// close is called with the lock.
func (o *outage) close() {
	o.probing, o.recent, o.nextAt = false, recent{}, time.Time{}
	o.waits.Reset()
	o.troubled.Store(false)
	o.open.Store(false)
}

// wait is what the pool waits for; nil if calls are made.
func (o *outage) wait() *job.Wait {
	if !o.open.Load() {
		return nil
	}
	o.mu.Lock()
	defer o.mu.Unlock()
	if o.nextAt.IsZero() {
		return nil
	}
	return &job.Wait{Reason: job.WaitOutage, Since: o.since, Until: o.nextAt, Last: o.last.Name()}
}

// waiting is wait as a sentence; empty if calls are made.
func (o *outage) waiting() string {
	wait := o.wait()
	if wait == nil {
		return ""
	}
	o.mu.Lock()
	defer o.mu.Unlock()
	return fmt.Sprintf("waiting for the API: nearly all calls have failed since %s, the last with %s; one call at %s tries again",
		wait.Since.Local().Format(time.TimeOnly), o.last.Name(), wait.Until.Local().Format(time.TimeOnly))
}

// end stops the timer of a pool that is not used any more.
func (o *outage) end() {
	o.mu.Lock()
	defer o.mu.Unlock()
	if o.timer != nil {
		o.timer.Stop()
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
