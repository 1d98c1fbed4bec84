package pool

import (
	"math"
	"time"

	"golang.org/x/time/rate"
)

const (
	// decrease is what is left of the accepted rate after the API has refused calls.
	decrease = 0.95
	// recovery is how long it takes until the rate is again what was accepted.
	recovery = 10 * time.Second
	// settled is how long after a refusal the other refusals are there.
	settled = 100 * time.Millisecond
	// measured is how many calls the accepted rate is measured by, at least those of
	// a second.
	measured = 20
	// slowest is a call each ten seconds.
	slowest = 0.1
)

// adaptive learns how many calls per second the API accepts. It sets no limit
// until the API refuses a call because there were too many (HTTP 429). Then it
// begins with the rate that was accepted so far and doubles it each second (slow
// start). A refusal at a rate that was nearly accepted tells the rate: it falls a
// little below, and grows again by a cubic function of time: back to it, flat
// around it, then beyond (CUBIC, RFC 9438, with a rate in the place of the window,
// as in the adaptive mode of the AWS SDKs). The pool's lock guards it.
type adaptive struct {
	limiter *rate.Limiter
	// on is set once the API has refused a call, learned when the rate is known.
	on, learned bool
	starts      startCounts
	// plateau is the rate that was accepted, grown since origin.
	plateau float64
	origin  time.Time
	// refused is a refusal that is not judged yet, and judgeAt when it will be.
	refused, judgeAt time.Time
	// judged is when the last one was, accepted how many calls were not refused
	// since then.
	judged   time.Time
	accepted int
}

func newAdaptive() *adaptive { return &adaptive{limiter: rate.NewLimiter(rate.Inf, 1)} }

// begin notes the start of a call.
func (a *adaptive) begin(now time.Time) {
	if a.on {
		a.limiter.AllowN(now, 1)
	}
	a.starts.add(now, 1)
	a.accepted++
}

// refuse notes that the API has refused a call that began then. Refusals of calls
// that began before the last one was judged belong to that one.
func (a *adaptive) refuse(began, now, brakedUntil time.Time) {
	a.starts.add(began, -1)
	if began.Before(a.judged) {
		return
	}
	a.accepted--
	if a.refused.IsZero() {
		a.refused = now
		a.judgeAt = now.Add(settled)
	}
	if brakedUntil.After(a.judgeAt) {
		a.judgeAt = brakedUntil
	}
}

// wait is how long the next start must wait.
func (a *adaptive) wait(now time.Time) time.Duration {
	if !a.refused.IsZero() && !now.Before(a.judgeAt) {
		a.judge(now)
	}
	if !a.on {
		return 0
	}
	a.limiter.SetLimitAt(now, rate.Limit(a.rateAt(now)))
	a.limiter.SetBurstAt(now, int(max(1, a.plateau*catchUp)))
	reservation := a.limiter.ReserveN(now, 1)
	defer reservation.CancelAt(now)
	return reservation.DelayFrom(now)
}

// judge sets the rate after a refusal. If nothing was accepted since the last one,
// it tells nothing about the rate.
func (a *adaptive) judge(now time.Time) {
	if a.accepted > 0 {
		used := math.Inf(1)
		if a.on {
			used = a.rateAt(a.refused)
		}
		accepted := max(slowest, a.starts.rate(a.refused))
		a.on, a.learned = true, used <= 2*accepted
		a.plateau = min(used, accepted)
	}
	a.refused, a.judged, a.origin, a.accepted = time.Time{}, now, now, 0
}

// rateAt is the function of time.
func (a *adaptive) rateAt(now time.Time) float64 {
	grown := now.Sub(a.origin).Seconds()
	if !a.learned {
		return a.plateau * math.Exp2(min(grown, 30))
	}
	x := grown/recovery.Seconds() - 1
	return a.plateau * (1 + (1-decrease)*x*x*x)
}

// startCounts count starts in steps of a tenth of a second.
type startCounts struct {
	counts [100]int
	// first and last are the steps of the oldest and the newest count.
	first, last int64
}

const startStep = 100 * time.Millisecond

func (s *startCounts) add(at time.Time, n int) {
	step := at.UnixNano() / int64(startStep)
	if s.first == 0 {
		s.first = step
	}
	for ; s.last < step; s.last++ {
		if step-s.last > int64(len(s.counts)) {
			s.last = step - int64(len(s.counts))
		}
		s.counts[(s.last+1)%int64(len(s.counts))] = 0
	}
	if s.last-step < int64(len(s.counts)) {
		s.counts[step%int64(len(s.counts))] += n
	}
}

// rate is the mean per second of a second, or of as long as it takes to see enough
// starts. The last step has just begun: it counts only if it makes the mean larger.
func (s *startCounts) rate(at time.Time) float64 {
	s.add(at, 0)
	return max(s.mean(s.last), s.mean(s.last-1))
}

// mean ends with the given step.
func (s *startCounts) mean(last int64) float64 {
	const second = int64(time.Second / startStep)
	most := min(int64(len(s.counts))-1, max(second, last-s.first+1))
	sum, steps := 0, int64(0)
	for steps < most && (sum < measured || steps < second) {
		sum += s.counts[(last-steps)%int64(len(s.counts))]
		steps++
	}
	return float64(sum) / (float64(steps) * startStep.Seconds())
}
