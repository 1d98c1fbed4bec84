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
	// chunkSeconds is how long a chunk should last if there is a rate: one that
	// goes to another worker rests for a second.
	chunkSeconds = 30
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

// newLanes makes clamp(parallelism/16, 4, 64) lanes, or more for a high rate, but
// no more than there are calls, small chunks in the records that are left, or
// calls per second.
func newLanes(parallelism int, rate float64, chunkSize, left int64) *lanes {
	forRate := int(min(maxLanes, chunkSeconds*rate/float64(chunkSize)))
	n := min(max(parallelism/callsPerLane, forRate, minLanes), maxLanes)
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
// up. What is lost by rounding is at most 2 %; where it would be more, one lane
// has the whole rate.
func splitRate(rate float64, n int) []float64 {
	if rate == 0 {
		return make([]float64, n)
	}
	whole := math.Floor(rate)
	n = int(min(float64(n), whole))
	if n <= 1 || whole < 0.98*rate {
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
// The pool is the one that had the share.
func (l *lanes) giveBack(lane int, pool string, closed bool) {
	l.taken--
	l.shares[lane].Pool = pool
	if !closed {
		l.free = append(l.free, lane)
	}
}

func ceilDiv(a, b int64) int64 { return (a + b - 1) / b }
