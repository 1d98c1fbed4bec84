package schedule

import (
	"time"

	"longhaul/job"
)

const (
	// StartDelayLimit is what goes along as a chunk's StartDelay. A Temporal
	// timer of less than a second may fire a second late, so only what lies
	// further ahead is waited out by one. The chunks that wait have joined their
	// pool: the calls of the first chunk can be as many as all may have. It is short
	// enough for a chunk to end before its first heartbeat.
	StartDelayLimit = 4 * time.Second
	// EvenStartDelayLimit is that of jobs with a rate: their chunks take long, and a rate whose
	// chunk has not joined is not used.
	EvenStartDelayLimit = 10 * time.Second
	// EarlierStartDelayLimit is that of jobs before version 0.2.
	EarlierStartDelayLimit = 2 * time.Second
	// catchUpLimit is how late the schedule may be and still be caught up.
	// Beyond that (the workers were down, say) it starts anew: the interval is
	// a promise to somebody's API.
	catchUpLimit = 5 * time.Second
)

// Pacer is the schedule of chunk starts: chunk i is due at start + the sum of
// interval·n/chunkSize of the chunks before it.
type Pacer struct {
	due                          time.Time
	chunkInterval, batchInterval time.Duration
	chunkSize                    int64
}

// NewPacer has the next chunk due at the given time.
func NewPacer(spec job.Spec, due time.Time) *Pacer {
	return &Pacer{due, spec.ChunkInterval.Std(), spec.IntervalBetweenBatches().Std(), spec.ChunkSize}
}

// Retune takes other intervals. A shorter one counts at once.
func (p *Pacer) Retune(spec job.Spec, now time.Time) {
	fresh := NewPacer(spec, p.due)
	if longest := now.Add(max(fresh.chunkInterval, fresh.batchInterval)); longest.Before(fresh.due) {
		fresh.due = longest
	}
	*p = *fresh
}

// Due is when the next chunk may start.
func (p *Pacer) Due() time.Time { return p.due }

// Wait is how long the next chunk must wait from now on.
func (p *Pacer) Wait(now time.Time) time.Duration {
	if earliest := now.Add(-catchUpLimit); p.due.Before(earliest) {
		p.due = earliest
	}
	return max(0, p.due.Sub(now))
}

// Correct moves the schedule by calls that were made beyond those that it counted,
// such as retries, or back by those that were not made: records that have an answer.
func (p *Pacer) Correct(calls int64) {
	p.due = p.due.Add(time.Duration(float64(p.chunkInterval) * float64(calls) / float64(p.chunkSize)))
}

// Started moves the schedule on by a chunk of n records.
func (p *Pacer) Started(n int64, endsBatch bool) {
	interval := p.chunkInterval
	if endsBatch {
		interval = p.batchInterval
	}
	p.due = p.due.Add(time.Duration(float64(interval) * float64(n) / float64(p.chunkSize)))
}
