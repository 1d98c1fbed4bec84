package main

import (
	"time"

	"longhaul/job"
)

const (
	// speedWindow is the stretch of time that the rate is the mean of.
	speedWindow = time.Minute
	// leastSpan is between two counts that tell a rate.
	leastSpan = 5 * time.Second
	// settling is how long after its start a job may still find answers that an
	// earlier run has left: they are counted, but nobody has made them now.
	settling = speedWindow + 15*time.Second
)

// speed is how fast a job is. Everything that shows a rate or a time left has it
// from here: status after one look, run and watch after many.
type speed struct {
	counts []count
	spark  spark
	// most is the highest count so far: a chunk that is tried again counts anew.
	most int64
}

// count says how many records were done at a time.
type count struct {
	at   time.Time
	done int64
}

func (v *speed) add(s snapshot) {
	if !s.known || s.Records == 0 {
		return
	}
	v.most = max(v.most, s.done())
	v.spark.add(s.at, v.most, s.possible())
	now := count{s.counted(), s.done()}
	if len(v.counts) == 0 && now.done > s.Skipped && now.at.Sub(s.Started) < speedWindow {
		v.counts = []count{{s.Started, s.Skipped}}
	}
	if last := len(v.counts) - 1; last >= 0 && !now.at.After(v.counts[last].at) {
		return // nothing has been counted since
	}
	v.counts = append(v.counts, now)
	for len(v.counts) > 2 && now.at.Sub(v.counts[1].at) >= speedWindow {
		v.counts = v.counts[1:]
	}
}

// done counts records, and never goes back.
func (v *speed) done(s snapshot) int64 { return max(v.most, s.done()) }

// counted is when the records were counted: chunks tell of them at their end, when
// the next one starts, and every few seconds.
func (s snapshot) counted() time.Time {
	if len(s.chunks) == 0 {
		return s.at
	}
	var ago time.Duration
	for _, c := range s.chunks {
		ago += s.at.Sub(c.at)
	}
	return s.at.Add(-ago / time.Duration(len(s.chunks)))
}

// perSecond is 0 while it is not known. It is records over the time in which they
// were counted.
func (v *speed) perSecond(s snapshot) float64 {
	if !s.known || s.Records == 0 || s.Phase != job.PhaseRunning && s.Phase != job.PhaseDraining {
		return 0
	}
	rate := v.recent(s)
	if s.at.Sub(s.Started) < settling {
		rate = min(rate, s.possible())
	}
	return rate
}

// recent is the rate of the last minute: between two counts, or else what the
// running chunks have done since they started, or else what the job says.
func (v *speed) recent(s snapshot) float64 {
	if last := len(v.counts) - 1; last > 0 {
		if span := v.counts[last].at.Sub(v.counts[0].at); span >= leastSpan {
			return max(0, float64(v.counts[last].done-v.counts[0].done)/span.Seconds())
		}
	}
	told, rate := 0, 0.0
	for _, c := range s.chunks {
		// Later attempts count what earlier ones have done.
		if span := c.at.Sub(c.started).Seconds(); span > 0 && !c.again {
			told++
			rate += float64(c.done) / span
		}
	}
	if 2*told <= len(s.chunks) {
		return s.Rate
	}
	return rate / float64(told) * float64(len(s.chunks))
}

// possible is the highest rate that the calls in flight allow; 0 while the
// latency is not known.
func (s snapshot) possible() float64 {
	if s.Latency.P50 <= 0 {
		return 0
	}
	most := float64(s.Settings.Parallelism) * 1000 / s.Latency.P50
	if s.Settings.Rate > 0 {
		most = min(most, s.Settings.Rate)
	}
	return most
}

// left is the time left at this rate; 0 if that is not known.
func (v *speed) left(s snapshot) time.Duration {
	rate := v.perSecond(s)
	if rate <= 0 {
		return 0
	}
	return time.Duration(float64(s.Records-v.done(s)) / rate * float64(time.Second))
}
