package schedule

import (
	"math"
	"time"

	"longhaul/job"
)

// maxSplitLanes bounds the lanes, those that Split has made included.
const maxSplitLanes = 256

// split is a lane that was divided.
type split struct{ from, to int }

// Wanted is how many lanes it takes to have work while some of them wait for the last calls
// of their chunks: beside the lanes that call, as many chunks as wait at once. By Little's
// law that is waited, the mean time that a chunk waits for its last calls, times the rate of
// chunks; records is that of records per second, and size the next chunk's.
func (l *Lanes) Wanted(waited time.Duration, records float64, size int64) int {
	return min(l.base+int(waited.Seconds()*records/float64(max(1, size))), maxSplitLanes)
}

// Split divides the largest grant that is free between its lane and a new one, and says
// whether it has. No pool has a grant that is free, so the sum stays the same. A grant with a
// rate stays whole: a rate rests when it moves.
func (l *Lanes) Split() bool {
	largest := -1
	for i, state := range l.state {
		grant := l.grants[i]
		if state == laneFree && grant.Calls > 1 && grant.Rate == 0 && (largest < 0 || grant.Calls > l.grants[largest].Calls) {
			largest = i
		}
	}
	if largest < 0 {
		return false
	}
	s := split{largest, len(l.grants)}
	l.splits = append(l.splits, s)
	l.grants = append(l.grants, l.grants[largest])
	l.state = append(l.state, laneFree)
	l.divide(s)
	return true
}

// divide gives the new lane half of the other's calls, and of its rate in whole calls per
// second. Both halves grow if the whole does, and shrink if it does, see Retune. A new lane
// of which the rate would be none is closed, and its calls are nobody's: the other lane must
// not have more than before, because a worker may not know of the change yet.
func (l *Lanes) divide(s split) {
	from, to := &l.grants[s.from], &l.grants[s.to]
	limited := from.Rate > 0
	half := job.LaneGrant{
		Lane: s.to, RunID: from.RunID, Version: from.Version, Pool: to.Pool, Fresh: to.Fresh, Calls: from.Calls / 2,
		Adaptive: from.Adaptive, Least: from.Least / 2,
	}
	from.Calls -= half.Calls
	from.Least -= half.Least
	if half.Calls > 0 {
		half.Rate = math.Floor(from.Rate / 2)
		from.Rate -= half.Rate
	}
	if limited && half.Rate == 0 {
		half.Calls, half.Least = 0, 0 // a rate of 0 is no limit
	}
	*to = half
}
