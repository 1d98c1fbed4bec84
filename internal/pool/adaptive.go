package pool

import (
	"math"
	"time"

	"golang.org/x/time/rate"
)

const (
	// decrease is what is left of the accepted rate after the API has refused calls.
	decrease = 0.95
	// recoveryCalls is how many calls it takes until the rate is again what was accepted, so
	// that less than one of a hundred is refused; but from shortestRecovery to
	// longestRecovery.
	recoveryCalls    = 1000
	shortestRecovery = 5 * time.Second
	longestRecovery  = 10 * time.Second
	// settled is how long after a refusal the other refusals are there.
	settled = 100 * time.Millisecond
	// measured is how many calls the accepted rate is measured by, at least those of
	// a second.
	measured = 20
	// burst is the part of a second's calls that may follow each other at once. More would look
	// like a higher rate to the API.
	burst = 1.0 / 100
	// roomDecrease is what is left of the calls at once after a refusal, roomGrowth the factor
	// C of CUBIC, in calls per cubic second.
	roomDecrease, roomGrowth = 0.85, 0.4
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
	// concurrency, when it is on, has the calls become more bit by bit, so that a refusal can
	// tell that the API bounds the calls at once, not the rate.
	concurrency *concurrency
	// plateau is the rate that was accepted, grown since origin.
	plateau float64
	origin  time.Time
	// together is how many calls at once were accepted.
	together int
	// refused is a refusal that is not judged yet, and judgeAt when it will be. There were
	// calling calls at that time, and of these refusals are known.
	refused, judgeAt  time.Time
	calling, refusals int
	// judged is when the last one was, accepted how many calls were not refused
	// since then.
	judged   time.Time
	accepted int
}

func newAdaptive(c *concurrency) *adaptive {
	return &adaptive{limiter: rate.NewLimiter(rate.Inf, 1), concurrency: c}
}

// begin notes the start of a call.
func (a *adaptive) begin(now time.Time) {
	if a.on && !math.IsInf(a.plateau, 1) {
		a.limiter.AllowN(now, 1)
	}
	a.starts.add(now, 1)
	a.accepted++
}

// refuse notes that the API has refused a call that began then. Refusals of calls
// that began before the last one was judged belong to that one.
func (a *adaptive) refuse(began, now, brakedUntil time.Time, calling int) {
	a.starts.add(began, -1)
	if began.Before(a.judged) {
		return
	}
	a.accepted--
	if a.refused.IsZero() {
		a.refused, a.calling, a.refusals = now, calling, 0
		a.judgeAt = now.Add(settled)
	}
	a.refusals++
	if brakedUntil.After(a.judgeAt) {
		a.judgeAt = brakedUntil
	}
}

// wait is how long the next start must wait.
func (a *adaptive) wait(now time.Time) time.Duration {
	if !a.refused.IsZero() && !now.Before(a.judgeAt) {
		a.judge(now)
	}
	if !a.on || math.IsInf(a.plateau, 1) {
		return 0
	}
	a.limiter.SetLimitAt(now, rate.Limit(a.rateAt(now)))
	a.limiter.SetBurstAt(now, int(max(1, a.plateau*burst)))
	reservation := a.limiter.ReserveN(now, 1)
	defer reservation.CancelAt(now)
	return reservation.DelayFrom(now)
}

// judge learns from a refusal. If nothing was accepted since the last one, it tells nothing.
func (a *adaptive) judge(now time.Time) {
	used := math.Inf(1)
	if a.on {
		used = a.rateAt(a.refused)
	}
	switch {
	case a.accepted <= 0:
	case a.boundsCalls():
		a.on, a.learned, a.plateau, a.together = true, true, used, max(1, a.calling-a.refusals)
	default:
		accepted := max(slowest, a.starts.rate(a.refused))
		a.on, a.learned = true, used <= 2*accepted
		a.plateau, a.together = min(used, accepted), max(1, a.calling-a.refusals)
	}
	a.refused, a.judged, a.origin, a.accepted = time.Time{}, now, now, 0
}

// boundsCalls says whether to bound the calls at once, not the rate: they became more bit by
// bit, and some were accepted beside those that were refused.
func (a *adaptive) boundsCalls() bool { return a.concurrency.isOn() && a.calling > a.refusals }

// hasRoom says whether one more call may be made beside those.
func (a *adaptive) hasRoom(now time.Time, calling int) bool {
	return !a.on || float64(calling) < a.roomAt(now)
}

// roomAt is CUBIC in calls, as in the RFC: pools with fewer gain on those with more, so that
// the workers of a job come to the same share.
func (a *adaptive) roomAt(now time.Time) float64 {
	x := (now.Sub(a.origin) - a.flat()).Seconds()
	return max(1, float64(a.together)+roomGrowth*x*x*x)
}

// flat is how long it takes until there are again as many calls as were accepted.
func (a *adaptive) flat() time.Duration {
	return time.Duration(math.Cbrt(float64(a.together)*(1-roomDecrease)/roomGrowth) * float64(time.Second))
}

// rateAt is the function of time.
func (a *adaptive) rateAt(now time.Time) float64 { return a.plateau * a.growth(now) }

// growth is what part of that which was accepted is tried now.
func (a *adaptive) growth(now time.Time) float64 {
	grown := now.Sub(a.origin).Seconds()
	if !a.learned {
		return math.Exp2(min(grown, 30))
	}
	recovery := min(longestRecovery.Seconds(), max(shortestRecovery.Seconds(), recoveryCalls/a.plateau))
	x := grown/recovery - 1
	return 1 + (1-decrease)*x*x*x
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
