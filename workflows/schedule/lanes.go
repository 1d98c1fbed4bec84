package schedule

import (
	"math"
	"slices"

	"longhaul/job"
)

const (
	minLanes = 4
	maxLanes = 64
	// callsPerLane is how many calls in flight the number of lanes aims at: a chunk of
	// 1,000 calls of 100 ms then ends before its first heartbeat, which is a billed action.
	callsPerLane = 25
	// manyLanes is how many of these there are at most: near its end a job has some chunks for
	// each lane. Above, a lane has callsPerLargeLane, so that many workers can share a job.
	manyLanes         = 32
	callsPerLargeLane = 100
	// earlierCallsPerLane is that of jobs before version 0.2.
	earlierCallsPerLane = 16
	// chunkSeconds is how long a chunk should last if there is a rate: one that
	// goes to another worker rests for a second.
	chunkSeconds = 30
	// smallestChunk is the least that is worth an activity.
	smallestChunk = 100
)

// Lanes are the places for chunks in flight. Their grants sum up to no more than
// the job's parallelism and rate, so that the bound holds over all workers
// whichever of them has which chunk.
type Lanes struct {
	// runID is that of the workflow.
	runID  string
	grants []job.LaneGrant
	state  []laneState
	// base is the number of lanes without those of splits.
	base   int
	splits []split
}

type laneState int

const (
	laneFree laneState = iota
	laneTaken
	// laneDonated: its last chunk leaves its grant to the other lanes of its pool.
	laneDonated
)

// Layout is how a job is divided: one that has begun goes on as it was.
type Layout struct {
	// Many: as many lanes as before version 0.2.
	Many bool
	// Even: all chunks are of one size, see Cutter.Even.
	Even bool
}

// LayoutOf is that of a job that begins.
func LayoutOf(spec job.Spec) Layout { return Layout{Even: spec.Rate > 0} }

// NewLanes makes one lane for some calls in flight, or more for a high rate, but
// no more than there are calls, small chunks in the records that are left, or
// calls per second. With even chunks, and few of them, there is a lane for
// each, the chunks are half as long, so that every worker begins soon, and all batches have as
// many.
func NewLanes(runID string, spec job.Spec, left int64, layout Layout) *Lanes {
	n := max(min(spec.Parallelism/callsPerLane, manyLanes), spec.Parallelism/callsPerLargeLane)
	if layout.Many {
		n = spec.Parallelism / earlierCallsPerLane
	}
	forRate := int(min(maxLanes, chunkSeconds*spec.Rate/float64(spec.ChunkSize)))
	n = min(max(n, forRate, minLanes), maxLanes)
	if layout.Even && left > 0 && left <= int64(n)*spec.ChunkSize {
		batches := ceilDiv(left, spec.BatchRecords())
		n = int(min(maxLanes, ceilDiv(2*int64(n), batches)*batches))
	}
	n = min(n, spec.Parallelism, int(max(1, min(maxLanes, ceilDiv(left, smallestChunk)))))
	return newLanes(runID, spec, n)
}

// newLanes makes n lanes, or fewer if there are fewer calls per second.
func newLanes(runID string, spec job.Spec, n int) *Lanes {
	n = len(splitRate(spec.Rate, n))
	l := &Lanes{runID: runID, grants: make([]job.LaneGrant, n), state: make([]laneState, n), base: n}
	l.Retune(spec, 0)
	return l
}

// Retune divides the spec's limits among the lanes. They stay, and so each grant
// grows if the parallelism does, and shrinks if it does: while some workers have
// read the change and others have not, there are never more calls in flight
// than the larger one allows. A lane whose calls or rate would be none is closed.
func (l *Lanes) Retune(spec job.Spec, version int64) {
	n := l.base
	rates := splitRate(spec.Rate, min(n, spec.Parallelism))
	for i := range n {
		grant := job.LaneGrant{RunID: l.runID, Lane: i, Version: version, Pool: l.grants[i].Pool}
		if i < len(rates) {
			grant.Calls, grant.Rate = part(spec.Parallelism, n, i), rates[i]
			grant.Adaptive, grant.Least = spec.IsAdaptive(), part(spec.MinParallelism, n, i)
		}
		l.grants[i] = grant
	}
	for _, s := range l.splits {
		l.divide(s)
	}
}

// part is the i-th of n nearly equal parts.
func part(of, n, i int) int {
	if i < of%n {
		return of/n + 1
	}
	return of / n
}

// splitRate divides a rate in whole calls per second: of a pool with a rate
// of 8.5, nine starts may fall into one second, and over ten workers that adds
// up. Rounding loses at most 2 %; where it would be more, one lane
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

// MarkFresh says that no pool has had a grant yet.
func (l *Lanes) MarkFresh() {
	for i := range l.grants {
		l.grants[i].Fresh = true
	}
}

// MarkUsed says that some pool may have had any of the grants a moment ago.
func (l *Lanes) MarkUsed() {
	for i := range l.grants {
		l.grants[i].Fresh, l.grants[i].Pool = false, ""
	}
}

// Count is the number of lanes; only Split changes it.
func (l *Lanes) Count() int { return len(l.grants) }

// InFlight counts the chunks in flight.
func (l *Lanes) InFlight() int {
	taken := 0
	for _, state := range l.state {
		if state == laneTaken {
			taken++
		}
	}
	return taken
}

// CallsInFlight is how many calls the chunks in flight may have in flight.
func (l *Lanes) CallsInFlight() int {
	calls := 0
	for i, state := range l.state {
		if state == laneTaken {
			calls += l.grants[i].Calls
		}
	}
	return calls
}

// Grants are those of all lanes, in their order.
func (l *Lanes) Grants() []job.LaneGrant { return slices.Clone(l.grants) }

// RunID is the workflow run that grants them.
func (l *Lanes) RunID() string { return l.runID }

// Open counts the lanes that have a grant.
func (l *Lanes) Open() int {
	open := 0
	for i, grant := range l.grants {
		if grant.Calls > 0 && l.state[i] != laneDonated {
			open++
		}
	}
	return open
}

// Free says whether a lane is free for a chunk.
func (l *Lanes) Free() bool { return l.free() >= 0 }

// free is the first free lane that is open; -1 if there is none.
func (l *Lanes) free() int {
	for i, state := range l.state {
		if state == laneFree && l.grants[i].Calls > 0 {
			return i
		}
	}
	return -1
}

// Take returns a free lane's grant; there must be one.
func (l *Lanes) Take() job.LaneGrant {
	lane := l.free()
	l.state[lane] = laneTaken
	grant := l.grants[lane]
	l.grants[lane].Fresh = false
	return grant
}

// GiveBack frees the lane, or ends it if its grant was donated. The pool is the one
// that had the grant.
func (l *Lanes) GiveBack(lane int, pool string, donated bool) {
	l.grants[lane].Pool = pool
	l.state[lane] = laneFree
	if donated {
		l.state[lane] = laneDonated
	}
}

// Reopen makes all lanes free. None may be taken: then nobody has a donated
// grant any more.
func (l *Lanes) Reopen() { clear(l.state) }

func ceilDiv(a, b int64) int64 { return (a + b - 1) / b }
