package activities

import (
	"sync"

	"longhaul/job"
)

// callLog keeps what becomes of a chunk's calls: in the journal, and in counts.
type callLog struct {
	journal Journal
	beat    *heartbeat
	// marks is set where a process may have died of a record: then the journal
	// has to tell of which.
	marks        bool
	includeInput bool

	mu  sync.Mutex
	sum job.Totals
}

// Mark notes that a call begins, or has come back without a result.
func (l *callLog) Mark(mark job.Mark) error {
	if !l.marks {
		return nil
	}
	return l.journal.Mark(mark)
}

// Keep writes a result, and counts it.
func (l *callLog) Keep(result job.Result) error {
	if !l.includeInput {
		result.Value = nil
	}
	if err := l.journal.Append(result); err != nil {
		return err
	}
	one := job.Totals{Succeeded: 1, Attempts: int64(result.Attempts)}
	if result.Failure != nil {
		one.Succeeded, one.Failed = 0, 1
	}
	l.mu.Lock()
	l.sum = l.sum.Add(one)
	l.mu.Unlock()
	l.beat.done.Add(1)
	return nil
}

func (l *callLog) totals() job.Totals {
	l.mu.Lock()
	defer l.mu.Unlock()
	return l.sum
}
