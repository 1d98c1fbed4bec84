package pool

import (
	"time"

	"longhaul/job"
)

// countsAs is what a call counts as for its record.
type countsAs int

const (
	countsAsAttempt countsAs = iota
	// countsAsThrottled: the API refused it because there were too many calls.
	countsAsThrottled
	// countsAsOutage: nearly all calls failed.
	countsAsOutage
	// countsAsRefusedAlone is throttled while other calls have succeeded since the
	// record's last one.
	countsAsRefusedAlone
)

// maxRefused is how often a record may be refused while others are answered, until
// it fails: then it is the record, not the number of calls.
const maxRefused = 100

// leastBrake is how long calls are held back after a refusal that does not say how
// long: until the other calls in flight have been refused too.
const leastBrake = 200 * time.Millisecond

// callCounts are the calls for one record.
type callCounts struct{ attempts, throttled, outage, refusedBesideSuccesses int }

func (c *callCounts) add(why countsAs) {
	switch why {
	case countsAsAttempt:
		c.attempts++
	case countsAsOutage:
		c.outage++
	case countsAsRefusedAlone:
		c.refusedBesideSuccesses++
		c.throttled++
	case countsAsThrottled:
		c.throttled++
	}
}

// note tells all that learn from calls how one has ended.
func (r *run) note(record job.Record, failure *job.CallError, began time.Time, first, probe bool) countsAs {
	now := time.Now()
	r.canary.note(record, failure, began)
	counts := r.outage.note(failure, first, probe)
	r.learnConcurrency(failure, began, now)
	if failure != nil && failure.Stop {
		r.end(&job.Error{Kind: job.KindStopped, Op: "call.http.stop_if", Hint: "fix the cause and start the job again with the same output",
			Err: &job.StopError{At: now.UTC(), Reason: "an answer fits it (" + failure.Name() + "), so no other call was made", Record: record, Failure: *failure}})
	}
	switch {
	case failure != nil && failure.Throttled:
		return r.noteRefusal(failure, began, now)
	case failure != nil && failure.RetryAfter > 0:
		// Before the token is free: it would start another call.
		r.Brake(failure.RetryAfter)
	}
	if r.refused.Load() {
		r.mu.Lock()
		r.answered, r.throttled = true, time.Time{}
		r.mu.Unlock()
	}
	if counts {
		return countsAsAttempt
	}
	return countsAsOutage
}

// noteRefusal slows the calls down, and ends them if the API has refused all for
// too long.
func (r *run) noteRefusal(failure *job.CallError, began, now time.Time) countsAs {
	counts := countsAsThrottled
	r.mu.Lock()
	if r.answered {
		counts, r.answered = countsAsRefusedAlone, false
	}
	r.brakeFor(max(failure.RetryAfter, leastBrake), now)
	r.adaptive.refuse(began, now, r.brakedUntil, int(r.calling.Load()))
	if r.throttled.IsZero() {
		r.throttled = now
	}
	lasted := now.Sub(r.throttled)
	r.mu.Unlock()
	r.refused.Store(true)
	if limit := r.options.Outage.GiveUp.Std(); limit > 0 && lasted >= limit {
		r.end(job.Errorf(job.KindOutage, "outage.give_up", "all calls have been refused for %s, the last with %s", r.options.Outage.GiveUp, failure.Name()).
			WithHint("what was done is kept: when the API accepts calls again, start the job again with the same output to go on"))
	}
	return counts
}
