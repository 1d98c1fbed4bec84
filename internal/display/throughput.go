package display

import (
	"time"

	"longhaul/internal/jobclient"
	"longhaul/job"
)

const (
	// rateWindow is the stretch of time that the rate is the mean of.
	rateWindow = time.Minute
	// leastSpan is between two counts that tell a rate.
	leastSpan = 5 * time.Second
	// settleTime is how long after its start a job may still find answers that an
	// earlier run has left: they are counted, but nobody has made them now.
	settleTime = rateWindow + 15*time.Second
)

// Throughput is how fast a job is. Everything that shows a rate or a time left has it
// from here: status after one snapshot, run and watch after many. The zero value is ready.
type Throughput struct {
	counts    []jobclient.Count
	sparkline sparkline
	// most is the highest count so far: a chunk that is tried again counts anew.
	most int64
}

// Add takes a snapshot into account.
func (v *Throughput) Add(s jobclient.Snapshot) {
	if !s.Known || s.Records == 0 {
		return
	}
	v.most = max(v.most, s.Answered())
	v.sparkline.add(s.At, v.most, possible(s))
	now := jobclient.Count{At: counted(s), Done: s.Answered()}
	if len(v.counts) == 0 && now.Done > s.Skipped && now.At.Sub(s.Started) < rateWindow {
		v.counts = []jobclient.Count{{At: s.Started, Done: s.Skipped}}
	}
	if last := len(v.counts) - 1; last >= 0 && !now.At.After(v.counts[last].At) {
		return // nothing has been counted since
	}
	v.counts = append(v.counts, now)
	for len(v.counts) > 2 && now.At.Sub(v.counts[1].At) >= rateWindow {
		v.counts = v.counts[1:]
	}
}

// Done counts records, and never goes back.
func (v *Throughput) Done(s jobclient.Snapshot) int64 { return max(v.most, s.Answered()) }

// counted is when the records were counted: chunks tell of them at their end, when
// the next one starts, and every few seconds.
func counted(s jobclient.Snapshot) time.Time {
	if len(s.Chunks) == 0 {
		return s.At
	}
	var ago time.Duration
	for _, c := range s.Chunks {
		ago += s.At.Sub(c.At)
	}
	return s.At.Add(-ago / time.Duration(len(s.Chunks)))
}

// PerSecond is 0 while it is not known. It is records over the time in which they
// were counted.
func (v *Throughput) PerSecond(s jobclient.Snapshot) float64 {
	if !s.Known || s.Records == 0 || s.Phase != job.PhaseRunning && s.Phase != job.PhaseDraining {
		return 0
	}
	rate := v.recent(s)
	if s.At.Sub(s.Started) < settleTime {
		rate = min(rate, possible(s))
	}
	return rate
}

// recent is the rate of the last minute: between two counts, or else what the
// running chunks have done since they started, or else what the job says.
func (v *Throughput) recent(s jobclient.Snapshot) float64 {
	if last := len(v.counts) - 1; last > 0 {
		if span := v.counts[last].At.Sub(v.counts[0].At); span >= leastSpan {
			return max(0, float64(v.counts[last].Done-v.counts[0].Done)/span.Seconds())
		}
	}
	told, rate := 0, 0.0
	for _, c := range s.Chunks {
		// Later attempts count what earlier ones have done.
		if span := c.At.Sub(c.Started).Seconds(); span > 0 && !c.Retried {
			told++
			rate += float64(c.Done) / span
		}
	}
	if 2*told <= len(s.Chunks) {
		return s.Rate
	}
	return rate / float64(told) * float64(len(s.Chunks))
}

// possible is the highest rate that the calls in flight allow; 0 while the
// latency is not known.
func possible(s jobclient.Snapshot) float64 {
	if s.Latency.P50 <= 0 {
		return 0
	}
	calls := s.Settings.Parallelism
	if len(s.Concurrency) > 0 {
		calls = job.CallsAtOnce(s.Concurrency)
	}
	most := float64(calls) * 1000 / s.Latency.P50
	if s.Settings.Rate > 0 {
		most = min(most, s.Settings.Rate)
	}
	return most
}

// TimeLeft is the time left at this rate; 0 if that is not known.
func (v *Throughput) TimeLeft(s jobclient.Snapshot) time.Duration {
	rate := v.PerSecond(s)
	if rate <= 0 {
		return 0
	}
	return time.Duration(float64(s.Records-v.Done(s)) / rate * float64(time.Second))
}

// Sparkline is the rate of the last minute, drawn with block characters; empty while there is
// too little to see.
func (v *Throughput) Sparkline() string { return v.sparkline.String() }
