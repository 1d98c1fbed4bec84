package pool

import (
	"fmt"
	"strings"
	"sync"
	"sync/atomic"
	"time"

	"longhaul/job"
)

// canary keeps the calls few until one has succeeded, and stops the job if the
// first ones show that none will.
type canary struct {
	giveUp job.Duration
	// The functions are called without the lock, but for stop.
	wake func()
	// tryNow has a call made now, if all are held back because the API is down.
	tryNow func()
	stop   func(error)
	// limit is how many calls may be in flight; 0 without a limit.
	limit atomic.Int64
	// proven is closed at the first success.
	proven chan struct{}

	mu        sync.Mutex
	permanent int
	outcomes  []job.FailureCount
	made      int
	first     *job.StopError
	retryable *job.CallError
	timer     *time.Timer
	// expired is when the wait for a first success has ended; late are the calls
	// that began before and have not come back, calling all that have not.
	expired       time.Time
	late, calling int
}

func newCanary(giveUp job.Duration, wake, tryNow func(), stop func(error)) *canary {
	return &canary{giveUp: giveUp, wake: wake, tryNow: tryNow, stop: stop, proven: make(chan struct{})}
}

// enter comes before each call, and says when it begins.
func (c *canary) enter() (began time.Time) {
	if c.limit.Load() == 0 {
		return time.Now()
	}
	c.mu.Lock()
	defer c.mu.Unlock()
	c.calling++
	return time.Now()
}

// leave comes after each call.
func (c *canary) leave(began time.Time) {
	if c.limit.Load() == 0 {
		return
	}
	c.mu.Lock()
	defer c.mu.Unlock()
	c.calling--
	if c.isLate(began) {
		c.late--
	}
}

func (c *canary) isLate(began time.Time) bool { return !c.expired.IsZero() && began.Before(c.expired) }

// begin limits the calls until one has succeeded, unless one has.
func (c *canary) begin(calls int) {
	c.mu.Lock()
	defer c.mu.Unlock()
	select {
	case <-c.proven:
	default:
		c.limit.Store(int64(calls))
	}
}

// prove ends it: a call has succeeded.
func (c *canary) prove() {
	c.mu.Lock()
	select {
	case <-c.proven:
		c.mu.Unlock()
		return
	default:
	}
	close(c.proven)
	c.limit.Store(0)
	if c.timer != nil {
		c.timer.Stop()
	}
	c.mu.Unlock()
	c.wake()
}

// capacity is the smaller one of the pool's and the canary's. As long as all calls
// have failed for good, no more than the limit are made at all.
func (c *canary) capacity(pool int) int {
	limit := int(c.limit.Load())
	if limit == 0 {
		return pool
	}
	c.mu.Lock()
	defer c.mu.Unlock()
	if c.permanent == c.made {
		limit -= c.made
	}
	return min(pool, limit)
}

// note takes the outcome of a call, before it leaves.
func (c *canary) note(record job.Record, failure *job.CallError, began time.Time) {
	if failure == nil {
		c.prove()
		return
	}
	limit := int(c.limit.Load())
	if limit == 0 {
		return
	}
	c.mu.Lock()
	defer c.mu.Unlock()
	c.add(record, failure)
	late := c.late
	if c.isLate(began) {
		late--
	}
	switch {
	case c.permanent >= limit && c.permanent == c.made:
		c.stop(c.hopeless())
	case !c.expired.IsZero() && late <= 0:
		c.stop(c.down())
	case c.retryable != nil && c.timer == nil && c.giveUp > 0:
		c.timer = time.AfterFunc(c.giveUp.Std(), c.expire)
	}
}

// add is called with the lock.
func (c *canary) add(record job.Record, failure *job.CallError) {
	c.made++
	if c.first == nil || record.Index < c.first.Record.Index {
		c.first = &job.StopError{At: time.Now().UTC(), Record: record, Failure: *failure}
	}
	if failure.Retry && !failure.Setup {
		c.retryable = failure
	} else {
		c.permanent++
	}
	c.outcomes = job.CountFailure(c.outcomes, job.FailureCount{Kind: failure.Kind, Status: failure.Status, Count: 1})
}

// expire ends the wait for a first success: one more call decides, or those that
// are in flight.
func (c *canary) expire() {
	c.mu.Lock()
	c.expired, c.late = time.Now(), c.calling
	c.mu.Unlock()
	c.tryNow()
}

// hopeless is called with the lock.
func (c *canary) hopeless() error {
	return c.stopped(job.KindStopped, "canary", fmt.Sprintf("the first %d calls have all failed in a way that no retry can fix (%s), so no other call was made",
		c.made, c.kinds())).WithHint("fix the cause and start the job again with the same output: these records are called again; " +
		"if such failures are expected at the beginning of the list, set canary: 0")
}

// down is called with the lock.
func (c *canary) down() error {
	return c.stopped(job.KindOutage, "outage.give_up_at_start", fmt.Sprintf("no call has succeeded in the first %s: %d have failed (%s)",
		c.giveUp, c.made, c.kinds())).WithHint("when the API answers, start the job again with the same output")
}

// stopped keeps the first call, which shows why the job stopped.
func (c *canary) stopped(kind job.Kind, op, reason string) *job.Error {
	c.first.Reason = reason
	return &job.Error{Kind: kind, Op: op, Err: c.first}
}

// kinds is such as "18 × http 401, 2 × http 404".
func (c *canary) kinds() string {
	kinds := make([]string, len(c.outcomes))
	for i, kind := range c.outcomes {
		kinds[i] = fmt.Sprintf("%d × %s", kind.Count, kind)
	}
	return strings.Join(kinds, ", ")
}

// end stops the timer of a pool that is not used any more.
func (c *canary) end() {
	c.mu.Lock()
	defer c.mu.Unlock()
	if c.timer != nil {
		c.timer.Stop()
	}
}
