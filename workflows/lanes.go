package workflows

import (
	"math"

	"longhaul/job"
)

const (
	minLanes = 4
	maxLanes = 64
	// callsPerLane is the share that the number of lanes aims at.
	callsPerLane = 16
	// smallestChunk is the least that is worth an activity.
	smallestChunk = 100
)

// lanes are the places for chunks in flight. Their shares sum up to the job's
// parallelism and rate, so that the bound holds over all workers whichever of
// them has which chunk.
type lanes struct {
	shares []job.Share
	free   []int
	// taken counts chunks in flight.
	taken int
}

// newLanes makes clamp(parallelism/16, 4, 64) lanes, but no more than there are
// calls, small chunks in the records that are left, or calls per second.
func newLanes(parallelism int, rate float64, left int64) *lanes {
	n := min(max(parallelism/callsPerLane, minLanes), maxLanes)
	n = min(n, parallelism, int(max(1, min(maxLanes, ceilDiv(left, smallestChunk)))))
	rates := splitRate(rate, n)
	n = len(rates)
	l := &lanes{shares: make([]job.Share, n)}
	for i := range l.shares {
		calls := parallelism / n
		if i < parallelism%n {
			calls++
		}
		l.shares[i] = job.Share{Calls: calls, Rate: rates[i]}
		// Taken from the end: the first lane first.
		l.free = append(l.free, n-1-i)
	}
	return l
}

// splitRate shares out a rate in whole calls per second: of a pool with a rate
// of 8.5, nine starts may fall into one second, and over ten workers that adds
// up. What is lost by rounding is at most 3 %; where it would be more, one lane
// has the whole rate.
func splitRate(rate float64, n int) []float64 {
	if rate == 0 {
		return make([]float64, n)
	}
	whole := math.Floor(rate)
	n = int(min(float64(n), whole))
	if n <= 1 || whole < 0.97*rate {
		return []float64{rate}
	}
	rates := make([]float64, n)
	for i := range rates {
		rates[i] = math.Floor(whole / float64(n))
		if float64(i) < math.Mod(whole, float64(n)) {
			rates[i]++
		}
	}
	return rates
}

func (l *lanes) count() int    { return len(l.shares) }
func (l *lanes) inFlight() int { return l.taken }
func (l *lanes) anyFree() bool { return len(l.free) > 0 }

// take returns a free lane; there must be one.
func (l *lanes) take() (lane int, share job.Share) {
	last := len(l.free) - 1
	lane = l.free[last]
	l.free = l.free[:last]
	l.taken++
	return lane, l.shares[lane]
}

// giveBack frees the lane, or closes it for good if its share was bequeathed.
func (l *lanes) giveBack(lane int, closed bool) {
	l.taken--
	if !closed {
		l.free = append(l.free, lane)
	}
}

func ceilDiv(a, b int64) int64 { return (a + b - 1) / b }
