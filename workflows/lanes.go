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

// lanes are the places for chunks in flight. Their shares sum up to no more than
// the job's parallelism and rate, so that the bound holds over all workers
// whichever of them has which chunk.
type lanes struct {
	// run is that of the workflow.
	run    string
	shares []job.LaneGrant
	state  []laneState
}

type laneState int

const (
	laneFree laneState = iota
	laneTaken
	// laneBequeathed: its last chunk left its share to the neighbours.
	laneBequeathed
)

// newLanes makes clamp(parallelism/16, 4, 64) lanes, or more for a high rate, but
// no more than there are calls, small chunks in the records that are left, or
// calls per second.
func newLanes(run string, parallelism int, rate float64, chunkSize, left int64) *lanes {
	forRate := int(min(maxLanes, chunkSeconds*rate/float64(chunkSize)))
	n := min(max(parallelism/callsPerLane, forRate, minLanes), maxLanes)
	n = min(n, parallelism, int(max(1, min(maxLanes, ceilDiv(left, smallestChunk)))))
	n = len(splitRate(rate, n))
	l := &lanes{run: run, shares: make([]job.LaneGrant, n), state: make([]laneState, n)}
	l.retune(parallelism, rate, 0)
	return l
}

// retune shares out other limits. The number of lanes stays, and so each share
// grows if the parallelism does, and shrinks if it does: while some workers have
// heard of the change and others have not, there are never more calls in flight
// than the larger one allows. A lane whose calls or rate would be none is closed.
func (l *lanes) retune(parallelism int, rate float64, version int64) {
	n := len(l.shares)
	rates := splitRate(rate, min(n, parallelism))
	for i := range l.shares {
		share := job.LaneGrant{Run: l.run, Lane: i, Version: version, Pool: l.shares[i].Pool}
		if i < len(rates) {
			share.Calls, share.Rate = parallelism/n, rates[i]
			if i < parallelism%n {
				share.Calls++
			}
		}
		l.shares[i] = share
	}
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

// refresh says that nobody has had a share yet.
func (l *lanes) refresh() {
	for i := range l.shares {
		l.shares[i].Fresh = true
	}
}

func (l *lanes) count() int { return len(l.shares) }

func (l *lanes) inFlight() int {
	taken := 0
	for _, state := range l.state {
		if state == laneTaken {
			taken++
		}
	}
	return taken
}

// open counts the lanes that have a share.
func (l *lanes) open() int {
	open := 0
	for i, share := range l.shares {
		if share.Calls > 0 && l.state[i] != laneBequeathed {
			open++
		}
	}
	return open
}

// free is the first free lane that is open; -1 if there is none.
func (l *lanes) free() int {
	for i, state := range l.state {
		if state == laneFree && l.shares[i].Calls > 0 {
			return i
		}
	}
	return -1
}

// take returns a free lane's share; there must be one.
func (l *lanes) take() job.LaneGrant {
	lane := l.free()
	l.state[lane] = laneTaken
	share := l.shares[lane]
	l.shares[lane].Fresh = false
	return share
}

// giveBack frees the lane, or ends it if its share was bequeathed. The pool is
// the one that had the share.
func (l *lanes) giveBack(lane int, pool string, bequeathed bool) {
	l.shares[lane].Pool = pool
	l.state[lane] = laneFree
	if bequeathed {
		l.state[lane] = laneBequeathed
	}
}

// reopen makes all lanes free. None may be taken: then nobody has a bequeathed
// share any more.
func (l *lanes) reopen() { clear(l.state) }

func ceilDiv(a, b int64) int64 { return (a + b - 1) / b }
