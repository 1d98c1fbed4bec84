package pool

import (
	"math"
	"net/http"
	"slices"
	"sync/atomic"
	"time"

	"github.com/platinummonkey/go-concurrency-limits/limit"

	"longhaul/job"
)

const (
	// firstConcurrency is where a pool begins.
	firstConcurrency = 20
	// leastSamples is how many calls a latency is the median of, or as many as the limit; at
	// first fewer will do.
	leastSamples, firstSamples = 100, 50
	// queueing is the part of the calls in flight that may wait at the called side until
	// they become fewer: their latency is then 1.5 times that without a queue.
	queueing = 1.0 / 3
	// noQueue is the same part up to which the calls grow fast at first.
	noQueue = 1.0 / 5
	// afterLatency is what is left of the calls in flight when they waited for each other: so
	// few that the queue ends. afterBusy is the same when some were one too many.
	afterLatency, afterBusy = 0.7, 0.85
	// tolerated is the part of the calls that may time out or be answered with "busy", beside
	// what chance adds: two standard deviations.
	tolerated = 0.01
)

// concurrency finds how many calls at once the called side answers well. It begins with few
// and watches the latency. As long as that stays, calls do not wait for each other: there may
// be more. When it has grown by half, or calls time out, there are too many. That is TCP
// Vegas (Brakmo and Peterson, "TCP Vegas: End to End Congestion Avoidance on a Global
// Internet", 1995), with a slow start and a multiplicative decrease, so that the pools of
// several workers come to the same share (Chiu and Jain, 1989). What an API refuses
// because of its rate is the matter of adaptive. The pool's lock guards it.
type concurrency struct {
	// slots counts the grants that are adaptive: without any, the lock is spared.
	slots atomic.Int64
	// least is the sum of their least calls.
	least int
	vegas *limit.VegasLimit
	// grown is set at the end of the slow start.
	grown bool

	// latencies, in nanoseconds, are those of the calls that began since changed, busy
	// counts those of them that were too many for the called side.
	latencies []int64
	busy      int
	changed   time.Time
	// before is the limit until changed.
	before int
	// tooBusy is set while a decrease is for calls that were too many.
	tooBusy bool
	// full is set when there were as many calls as the limit allowed.
	full bool

	// reason is why there are not more, latency that of the last judgement.
	reason  job.ConcurrencyReason
	latency time.Duration
}

func newConcurrency() *concurrency {
	c := &concurrency{reason: job.ConcurrencyGrows}
	queued := func(part float64) func(int) int {
		return func(limit int) int { return max(2, int(part*float64(limit))) }
	}
	threshold := func(limit int) int {
		if c.grown {
			return 0
		}
		return int(math.Ceil(noQueue * float64(limit)))
	}
	increase := func(limit float64) float64 {
		c.grown = true
		return limit + math.Sqrt(limit)
	}
	decrease := func(limit float64) float64 {
		c.grown = true
		if c.tooBusy {
			return limit * afterBusy
		}
		return limit * afterLatency
	}
	const anyLimit, noSmoothing, probeOften = math.MaxInt32, 1, 1
	c.vegas = limit.NewVegasLimitWithRegistry("calls", firstConcurrency, nil, anyLimit, noSmoothing,
		queued(queueing), queued(queueing), threshold, increase, decrease, probeOften, nil, nil)
	return c
}

// isOn says whether any grant is adaptive.
func (c *concurrency) isOn() bool { return c.slots.Load() > 0 }

// allowed is how many calls there may be with grants for so many. A higher limit comes into
// force bit by bit, so that the called side does not see many calls at once.
func (c *concurrency) allowed(granted int, now time.Time) int {
	if !c.isOn() {
		return granted
	}
	limit := c.vegas.EstimatedLimit()
	if passed, takes := now.Sub(c.changed), time.Duration(c.vegas.RTTNoLoad()); limit > c.before && passed < takes {
		limit = c.before + int(float64(limit-c.before)*passed.Seconds()/takes.Seconds())
	}
	return min(granted, max(1, c.least, limit))
}

// note takes a call that has ended. It says whether the limit may be another one since.
func (c *concurrency) note(failure *job.CallError, began, now time.Time, full bool) bool {
	if began.Before(c.changed) {
		return false // it tells of another limit
	}
	busy := isBusy(failure)
	switch {
	case failure == nil || !failure.Retry || failure.Kind == "timeout":
		c.latencies = append(c.latencies, int64(now.Sub(began)))
	case !busy:
		return false // an error may come fast
	}
	if busy {
		c.busy++
	}
	c.full = c.full || full
	samples := leastSamples
	if !c.grown {
		samples = firstSamples
	}
	samples = max(samples, c.vegas.EstimatedLimit())
	tooBusy := float64(c.busy) > tolerated*float64(samples)+2*math.Sqrt(tolerated*float64(samples))
	if !tooBusy && len(c.latencies)+c.busy < samples {
		return false
	}
	c.judge(tooBusy)
	c.latencies, c.busy, c.full, c.changed = c.latencies[:0], 0, false, now
	return true
}

func isBusy(failure *job.CallError) bool {
	return failure != nil && (failure.Kind == "timeout" || failure.Status == http.StatusServiceUnavailable || failure.Status == http.StatusGatewayTimeout)
}

// judge sets another limit by what was seen under this one.
func (c *concurrency) judge(busy bool) {
	before, inFlight := c.vegas.EstimatedLimit(), 0
	if c.full {
		inFlight = before
	}
	latency := c.vegas.RTTNoLoad()
	if len(c.latencies) > 0 {
		slices.Sort(c.latencies)
		c.latency = time.Duration(c.latencies[len(c.latencies)/2])
		latency = int64(c.latency)
	}
	if busy {
		latency = max(latency, c.vegas.RTTNoLoad()) // a lower one would be all that is learned
	}
	if c.tooBusy = busy; latency > 0 {
		c.vegas.OnSample(0, latency, inFlight, busy)
	}
	if c.before = before; c.vegas.EstimatedLimit() < before {
		c.reason = job.ConcurrencyLatency
		if busy {
			c.reason = job.ConcurrencyBusy
		}
	}
}

// Concurrency is how many calls at once the pool has found that the called side answers
// well, and why there are not more; nil if the parallelism is fixed.
func (p *Pool) Concurrency() *job.Concurrency {
	p.mu.Lock()
	defer p.mu.Unlock()
	c := p.concurrency
	if !c.isOn() {
		return nil
	}
	found := job.Concurrency{
		Pool: p.id, At: time.Now().UTC(), Calls: c.allowed(p.capacity, time.Now()), Most: p.capacity, Reason: c.reason,
		Latency: job.Duration(c.latency), NoLoad: job.Duration(c.vegas.RTTNoLoad()),
	}
	switch room := p.adaptive.roomAt(time.Now()); {
	case p.adaptive.on && room < float64(found.Calls):
		found.Calls, found.Reason = int(room), job.ConcurrencyRefused
	case p.adaptive.on && len(p.throttle.starting) > 0:
		found.Reason = job.ConcurrencyRefused
	case found.Calls == found.Most:
		found.Reason = job.ConcurrencyMost
	}
	return &found
}

// learnConcurrency notes a call that has ended, before its token is free.
func (p *Pool) learnConcurrency(failure *job.CallError, began, now time.Time) {
	if !p.concurrency.isOn() {
		return
	}
	p.mu.Lock()
	defer p.mu.Unlock()
	// Calls that wait for the rate have a token, too.
	full := p.inFlight >= p.concurrency.allowed(p.capacity, now) && len(p.throttle.starting) == 0
	if p.concurrency.note(failure, began, now, full) {
		p.grantTokens()
	}
}
