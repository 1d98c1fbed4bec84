package report

import (
	"cmp"
	"slices"
	"time"

	"longhaul/job"
)

const (
	// leastIdle: chunks are paced, so that short gaps between them are no idleness.
	leastIdle = 10 * time.Second
	// idleChunks: how many times the median chunk's time must pass without a chunk
	// that begins or ends. A chunk that was in flight when its worker was killed
	// seems to be in flight until the job goes on.
	idleChunks = 10
	// cutShare: a stop longer than this share of the active time is cut out of the
	// time axis.
	cutShare = 0.5
)

// stop is a time in which no call was made.
type stop struct {
	from, to time.Time
	paused   bool
}

func (s stop) length() time.Duration { return s.to.Sub(s.from) }

// timeline is a job's time, from its first chunk to its last.
type timeline struct {
	from, to time.Time
	// stops are in order and do not overlap.
	stops        []stop
	paused, idle time.Duration
}

func newTimeline(finished []job.ChunkTiming, changes []job.Change, spec job.Spec) timeline {
	var t timeline
	if len(finished) == 0 {
		return t
	}
	moments := make([]time.Time, 0, 2*len(finished))
	lengths := make([]time.Duration, 0, len(finished))
	for _, chunk := range finished {
		moments = append(moments, chunk.From, chunk.At)
		lengths = append(lengths, chunk.At.Sub(chunk.From))
	}
	slices.SortFunc(moments, time.Time.Compare)
	slices.Sort(lengths)
	t.from, t.to = moments[0], moments[len(moments)-1]
	stops := t.pauses(changes)
	least := max(leastIdle, idleChunks*lengths[len(lengths)/2], 2*spec.ChunkInterval.Std(), 2*spec.IntervalBetweenBatches().Std())
	for i, at := range moments[1:] {
		if at.Sub(moments[i]) > least {
			stops = append(stops, stop{from: moments[i], to: at})
		}
	}
	// The rest of a gap after a pause is the way to the next chunk.
	t.stops = slices.DeleteFunc(apart(stops), func(s stop) bool { return !s.paused && s.length() < leastIdle })
	for _, s := range t.stops {
		if s.paused {
			t.paused += s.length()
		} else {
			t.idle += s.length()
		}
	}
	return t
}

// pauses are those of the changes, within the job's time.
func (t timeline) pauses(changes []job.Change) []stop {
	var pauses []stop
	var since time.Time
	changes = append(slices.Clone(changes), job.Change{At: t.to, What: "paused", To: "false"})
	slices.SortStableFunc(changes, func(a, b job.Change) int { return a.At.Compare(b.At) })
	for _, change := range changes {
		switch {
		case change.What != "paused":
		case change.To == "true" && since.IsZero():
			since = change.At
		case change.To != "true" && !since.IsZero():
			from, to := latest(since, t.from), earliest(change.At, t.to)
			if from.Before(to) {
				pauses = append(pauses, stop{from, to, true})
			}
			since = time.Time{}
		}
	}
	return pauses
}

// apart cuts from each stop what a pause, or an earlier one, has already.
func apart(stops []stop) []stop {
	slices.SortStableFunc(stops, func(a, b stop) int {
		return cmp.Or(compareBool(b.paused, a.paused), a.from.Compare(b.from))
	})
	var separate []stop
	for _, s := range stops {
		rest := []stop{s}
		for _, taken := range separate {
			rest = without(rest, taken)
		}
		separate = append(separate, rest...)
	}
	slices.SortFunc(separate, func(a, b stop) int { return a.from.Compare(b.from) })
	return separate
}

// without cuts a stop out of others.
func without(stops []stop, taken stop) []stop {
	var rest []stop
	for _, s := range stops {
		if before := (stop{s.from, earliest(s.to, taken.from), s.paused}); before.length() > 0 {
			rest = append(rest, before)
		}
		if after := (stop{latest(s.from, taken.to), s.to, s.paused}); after.length() > 0 {
			rest = append(rest, after)
		}
	}
	return rest
}

func (t timeline) active() time.Duration { return t.to.Sub(t.from) - t.paused - t.idle }

// cuts are the stops that are left out of the time axis.
func (t timeline) cuts() []stop {
	var cuts []stop
	for _, s := range t.stops {
		if float64(s.length()) > cutShare*float64(t.active()) {
			cuts = append(cuts, s)
		}
	}
	return cuts
}

// working are the times of a chunk in which calls were made. A pause counts two
// seconds later in the workers, so that a chunk may still end in it.
func (t timeline) working(chunk job.ChunkTiming, cut []stop) []stop {
	times := []stop{{from: chunk.From, to: chunk.At}}
	for _, s := range t.stops {
		ends := s.paused && !chunk.At.After(s.to) && !slices.Contains(cut, s)
		if s.from.Before(chunk.At) && chunk.From.Before(s.to) && !ends {
			times = without(times, s)
		}
	}
	return times
}

func compareBool(a, b bool) int {
	switch {
	case a == b:
		return 0
	case a:
		return 1
	default:
		return -1
	}
}

func earliest(a, b time.Time) time.Time {
	if a.Before(b) {
		return a
	}
	return b
}

func latest(a, b time.Time) time.Time {
	if a.After(b) {
		return a
	}
	return b
}
