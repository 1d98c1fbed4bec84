package workflows

import (
	"cmp"
	"slices"
	"time"

	"github.com/HdrHistogram/hdrhistogram-go"

	"longhaul/job"
)

const (
	// recently is the stretch of time that the rate is the mean of.
	recently = time.Minute
	// slower is how many times the best latency counts as the API's fault.
	slower = 2
	// maxKinds bounds the failures that are told apart.
	maxKinds = 20
)

// meter measures a job by its receipts.
type meter struct {
	latency *hdrhistogram.Histogram
	// fastest is the lowest median of a chunk, in microseconds.
	fastest   int64
	failures  []job.FailureCount
	lastError string
	recent    []measured
	// waiting are the pools that wait for the API, stuck those with calls that do not
	// return.
	waiting []job.Notice
	stuck   []job.Notice
	// concurrency is what the pools have found last.
	concurrency []job.Concurrency
}

// measured is one receipt.
type measured struct {
	at         time.Time
	records    int64
	median     int64
	bottleneck job.Bottleneck
	waited     time.Duration
}

// meterState is what a run carries to the next.
type meterState struct {
	Latency   string             `json:"latency,omitempty"`
	Fastest   int64              `json:"fastest,omitempty"`
	Failures  []job.FailureCount `json:"failures,omitempty"`
	LastError string             `json:"last_error,omitempty"`
}

func newMeter(s meterState) *meter {
	m := &meter{fastest: s.Fastest, failures: s.Failures, lastError: s.LastError}
	m.merge(s.Latency)
	return m
}

//workflowcheck:ignore encoding the same histogram gives the same bytes
func (m *meter) state() meterState {
	s := meterState{Fastest: m.fastest, Failures: m.failures, LastError: m.lastError}
	if m.latency != nil {
		// Compressing into memory cannot fail.
		encoded, _ := m.latency.Encode(hdrhistogram.V2CompressedEncodingCookieBase)
		s.Latency = string(encoded)
	}
	return s
}

// merge adds a histogram, and returns its median. One that cannot be read counts
// as none: it only informs.
//
//workflowcheck:ignore decoding the same bytes gives the same histogram
func (m *meter) merge(encoded string) (median int64) {
	if encoded == "" {
		return 0
	}
	histogram, err := hdrhistogram.Decode([]byte(encoded))
	if err != nil || histogram.TotalCount() == 0 {
		return 0
	}
	if m.latency == nil {
		m.latency = histogram
	} else {
		m.latency.Merge(histogram)
	}
	return histogram.ValueAtQuantile(50)
}

func (m *meter) add(now time.Time, receipt job.Receipt) {
	median := m.merge(receipt.Latency)
	if median > 0 && (m.fastest == 0 || median < m.fastest) {
		m.fastest = median
	}
	m.recent = append(m.recent, measured{now, receipt.Done(), median, receipt.Bottleneck, receipt.Waited.Std()})
	for now.Sub(m.recent[0].at) > recently {
		m.recent = m.recent[1:]
	}
	for _, failure := range receipt.Failures {
		m.count(failure)
	}
	if found := receipt.Concurrency; found != nil {
		m.concurrency = job.LatestConcurrency(m.concurrency, *found)
	}
	m.lastError = cmp.Or(receipt.LastError, m.lastError)
	m.waiting = nil // calls are made
}

func (m *meter) count(failure job.FailureCount) {
	if counted := job.CountFailure(m.failures, failure); len(counted) <= maxKinds {
		m.failures = counted
	}
	slices.SortStableFunc(m.failures, func(a, b job.FailureCount) int { return cmp.Compare(b.Count, a.Count) })
}

// note takes what a pool says of its waiting, and of calls that do not return.
func (m *meter) note(notice job.Notice) {
	m.stuck = slices.DeleteFunc(m.stuck, func(n job.Notice) bool {
		// Another pool's call for the record: the worker before has died.
		return n.Pool == notice.Pool || notice.Stuck != nil && n.Stuck.Record == notice.Stuck.Record
	})
	if notice.Stuck != nil {
		m.stuck = append(m.stuck, notice)
	}
	m.waiting = slices.DeleteFunc(m.waiting, func(n job.Notice) bool { return n.Pool == notice.Pool })
	if notice.Waiting != "" {
		m.waiting = append(m.waiting, notice)
		m.lastError = notice.Waiting
	}
}

// waitsForDisk says whether a worker cannot write answers.
func (m *meter) waitsForDisk() bool {
	return slices.ContainsFunc(m.waiting, func(n job.Notice) bool { return n.Wait != nil && n.Wait.Reason == job.WaitDisk })
}

// returned drops what was said of a stuck call in a chunk that has come back: the
// worker that said it may have died since.
func (m *meter) returned(chunk job.Range) {
	m.stuck = slices.DeleteFunc(m.stuck, func(n job.Notice) bool {
		return chunk.First <= n.Stuck.Record && n.Stuck.Record < chunk.Last
	})
}

// stuckCalls are those of all pools; nil if there are none.
func (m *meter) stuckCalls() (all *job.StuckCalls) {
	for _, notice := range m.stuck {
		all = all.With(notice.Stuck)
	}
	return all
}

// rate is records per second: over the last minute, or since the start if that is
// not so long ago.
func (m *meter) rate(now, started time.Time) float64 {
	records, from := int64(0), now.Add(-recently)
	if from.Before(started) {
		from = started
	}
	for _, r := range m.recent {
		if r.at.After(from) {
			records += r.records
		}
	}
	return perSecond(records, now.Sub(from))
}

// waited is the mean time that a chunk of the last minute has waited for its last calls.
func (m *meter) waited() time.Duration {
	if len(m.recent) == 0 {
		return 0
	}
	sum := time.Duration(0)
	for _, r := range m.recent {
		sum += r.waited
	}
	return sum / time.Duration(len(m.recent))
}

// bottleneck is the most frequent of the last minute's, the API's if it has become
// slower.
func (m *meter) bottleneck() job.Bottleneck {
	counts := map[job.Bottleneck]int{}
	var most job.Bottleneck
	medians := make([]int64, 0, len(m.recent))
	for _, r := range m.recent {
		if counts[r.bottleneck]++; counts[r.bottleneck] >= counts[most] {
			most = r.bottleneck
		}
		medians = append(medians, r.median)
	}
	if most == job.BottleneckParallelism {
		slices.Sort(medians)
		if medians[len(medians)/2] > slower*m.fastest {
			return job.BottleneckAPI
		}
	}
	return most
}

func (m *meter) quantiles() job.Latency {
	if m.latency == nil {
		return job.Latency{}
	}
	at := func(q float64) float64 { return float64(m.latency.ValueAtQuantile(q)) / 1000 }
	return job.Latency{P50: at(50), P95: at(95), P99: at(99)}
}

func perSecond(records int64, d time.Duration) float64 {
	if d <= 0 {
		return 0
	}
	return float64(records) / d.Seconds()
}
