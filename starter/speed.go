package main

import (
	"time"

	"longhaul/job"
)

const (
	// speedWindow is the stretch of time that the rate is the mean of.
	speedWindow = time.Minute
	// settling is how long after its start a job may still find answers that an
	// earlier run has left: they are counted, but nobody has made them now.
	settling = 75 * time.Second
	// leastSpan is between two heartbeats that tell a rate.
	leastSpan = 5 * time.Second
	// silence is how long a chunk may say nothing and count as running.
	silence = 15 * time.Second
)

// speed is how fast a job is. Everything that shows a rate or a time left has it
// from here: status after one look, run and watch after many.
type speed struct {
	// beats are the last heartbeats of the running chunks, by activity and attempt.
	beats map[string][]beat
	spark spark
	// most is the highest count so far: a chunk that is tried again counts anew.
	most int64
}

// beat is what a running chunk has told: so many records at that time.
type beat struct {
	at   time.Time
	done int64
}

func (v *speed) add(s snapshot) {
	if !s.known || s.Records == 0 {
		return
	}
	v.most = max(v.most, s.done())
	v.spark.add(s.at, v.most, s.possible())
	kept := make(map[string][]beat, len(s.chunks))
	for _, c := range s.chunks {
		beats := v.beats[c.key]
		if len(beats) == 0 || c.at.After(beats[len(beats)-1].at) {
			beats = append(beats, c.beat)
		}
		for len(beats) > 2 && c.at.Sub(beats[1].at) >= speedWindow {
			beats = beats[1:]
		}
		kept[c.key] = beats
	}
	v.beats = kept
}

// done counts records, and never goes back.
func (v *speed) done(s snapshot) int64 { return max(v.most, s.done()) }

// perSecond is 0 while it is not known. It counts records over the time in which
// they were counted: by heartbeats if chunks last long enough to send some, else
// by the chunks that were finished in the last minute.
func (v *speed) perSecond(s snapshot) float64 {
	if !s.known || s.Records == 0 || s.Phase != job.PhaseRunning && s.Phase != job.PhaseDraining {
		return 0
	}
	rate := s.Rate
	if inChunks, ok := v.inChunks(s); ok {
		rate = inChunks
	}
	if s.at.Sub(s.Started) < settling {
		rate = min(rate, s.possible())
	}
	return rate
}

// inChunks sums up what the running chunks do, if most of them tell.
func (v *speed) inChunks(s snapshot) (perSecond float64, ok bool) {
	told := 0
	for _, c := range s.chunks {
		from := beat{at: c.started}
		if beats := v.beats[c.key]; len(beats) > 0 && c.at.Sub(beats[0].at) >= leastSpan {
			from = beats[0]
		} else if c.again {
			continue // it counts what earlier attempts have done
		}
		until := c.at
		if s.at.Sub(until) > silence {
			until = s.at
		}
		if span := until.Sub(from.at).Seconds(); span > 0 {
			told++
			perSecond += max(0, float64(c.done-from.done)) / span
		}
	}
	if 2*told <= s.running {
		return 0, false
	}
	return perSecond / float64(told) * float64(s.running), true
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
