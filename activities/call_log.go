package activities

import (
	"cmp"
	"slices"
	"sync"

	"longhaul/internal/journal"
	"longhaul/internal/latency"
	"longhaul/job"
)

// callLog keeps what becomes of a chunk's calls: in the journal, and in counts.
type callLog struct {
	journal *journal.Writer
	beat    *heartbeat
	// marks is set where a process may have died of a record: then the journal
	// has to tell of which.
	marks        bool
	includeInput bool

	mu        sync.Mutex
	sum       job.Totals
	bytes     int64
	latencies *latency.Histogram
	failures  map[job.FailureCount]int64
	lastError string
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
	one := job.Totals{Succeeded: 1, Attempts: int64(result.Attempts), Throttled: int64(result.Throttled), Outage: int64(result.Outage)}
	if result.Failure != nil {
		one.Succeeded, one.Failed = 0, 1
	}
	l.mu.Lock()
	l.sum = l.sum.Add(one)
	l.bytes += int64(len(result.Value) + len(result.Output))
	l.latencies.Record(result.Latency)
	if failure := result.Failure; failure != nil {
		if l.failures == nil {
			l.failures = map[job.FailureCount]int64{}
		}
		l.failures[job.FailureCount{Kind: failure.Kind, Status: failure.Status}]++
		l.lastError = failure.Name() // it goes through Temporal; the text is in the errors part
	}
	l.mu.Unlock()
	l.beat.done.Add(1)
	return nil
}

// addTo fills in what the calls of this attempt have come to.
func (l *callLog) addTo(receipt *job.Receipt) {
	l.mu.Lock()
	defer l.mu.Unlock()
	receipt.Totals = receipt.Add(l.sum)
	receipt.Called, receipt.Calls, receipt.Bytes = l.sum.Done(), l.sum.Calls(), l.bytes
	receipt.Latency, receipt.LastError = l.latencies.Encode(), l.lastError
	for kind, count := range l.failures {
		kind.Count = count
		receipt.Failures = append(receipt.Failures, kind)
	}
	slices.SortFunc(receipt.Failures, func(a, b job.FailureCount) int {
		return cmp.Or(cmp.Compare(b.Count, a.Count), cmp.Compare(a.Kind, b.Kind), cmp.Compare(a.Status, b.Status))
	})
}
