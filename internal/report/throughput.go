package report

import (
	"fmt"
	"slices"
	"time"

	"longhaul/job"
)

// bins is about how many points the throughput has.
const bins = 100

// curve is the throughput, and what is marked on it.
type curve struct {
	// rates are records per second, one for each step of the axis; the last step
	// may be shorter.
	rates []float64
	step  time.Duration
	total time.Duration
	marks []mark
}

// mark is something that happened, at a place of the axis.
type mark struct {
	from, to time.Duration
	label    string
}

// axis is the time without what is cut out.
type axis struct {
	timeline
	cut []stop
}

func (a axis) at(t time.Time) time.Duration {
	t = earliest(latest(t, a.from), a.to)
	position := t.Sub(a.from)
	for _, s := range a.cut {
		if s.from.Before(t) {
			position -= earliest(s.to, t).Sub(s.from)
		}
	}
	return position
}

func newCurve(t timeline, finished []job.ChunkTiming, changes []job.Change) curve {
	a := axis{timeline: t, cut: t.cuts()}
	c := curve{total: max(a.at(t.to), time.Millisecond)}
	c.step = roundStep(c.total / bins)
	c.rates = make([]float64, (c.total+c.step-1)/c.step)
	for _, chunk := range finished {
		c.spread(a, chunk)
	}
	c.marks = marksOf(a, changes)
	return c
}

// spread adds a chunk's records to the steps in which it worked.
func (c *curve) spread(a axis, chunk job.ChunkTiming) {
	times := a.working(chunk, a.cut)
	whole := time.Duration(0)
	for _, s := range times {
		whole += s.length()
	}
	if whole <= 0 {
		i := min(int(a.at(chunk.At)/c.step), len(c.rates)-1)
		c.rates[i] += float64(chunk.Records) / c.width(i).Seconds()
		return
	}
	for _, s := range times {
		from, to := a.at(s.from), a.at(s.to)
		for i := int(from / c.step); i < len(c.rates) && time.Duration(i)*c.step < to; i++ {
			begin := time.Duration(i) * c.step
			overlap := min(to, begin+c.step) - max(from, begin)
			c.rates[i] += float64(chunk.Records) * float64(overlap) / float64(whole) / c.width(i).Seconds()
		}
	}
}

// width is how long a step is.
func (c *curve) width(i int) time.Duration { return min(c.step, c.total-time.Duration(i)*c.step) }

// marksOf are the stops and the changed settings, in order.
func marksOf(a axis, changes []job.Change) []mark {
	var marks []mark
	for _, s := range a.stops {
		word := "idle "
		if s.paused {
			word = "paused "
		}
		marks = append(marks, mark{a.at(s.from), a.at(s.to), word + humanDuration(s.length())})
	}
	for i, change := range changes {
		switch at := a.at(change.At); {
		case change.What == "paused" || change.At.Before(a.from) || change.At.After(a.to):
		case i > 0 && changes[i-1].At.Equal(change.At) && changes[i-1].What != "paused" && len(marks) > 0:
			marks[len(marks)-1].label += ", " + change.What + " " + change.To
		default:
			marks = append(marks, mark{at, at, fmt.Sprintf("%s %s→%s", change.What, change.From, change.To)})
		}
	}
	slices.SortStableFunc(marks, func(x, y mark) int { return int(x.from - y.from) })
	return marks
}

// throughput is the figure.
func throughput(facts Facts) (figure, error) {
	f := figure{ID: "throughput", Title: "Throughput"}
	finished := finishedOf(facts)
	if len(finished) == 0 {
		return f, nil
	}
	t := newTimeline(finished, facts.Changes, facts.Spec)
	c := newCurve(t, finished, facts.Changes)
	f.Caption = fmt.Sprintf("Records per second, by time since %s.", when(t.from))
	if len(t.cuts()) > 0 {
		f.Caption += " Long times without calls are left out of the axis."
	}
	if facts.Journaled.Done() > 0 {
		f.Caption += fmt.Sprintf(" %s records that are in no part yet are not on the curve.", number(float64(facts.Journaled.Done())))
	}
	return f, f.draw(func(s size) ([]byte, error) { return throughputChart(c, s) })
}

// finishedOf are the chunks, those of earlier runs too.
func finishedOf(facts Facts) []job.ChunkTiming {
	finished := slices.Clone(facts.Finished)
	for _, earlier := range facts.Earlier {
		finished = append(finished, earlier.Finished...)
	}
	return finished
}
