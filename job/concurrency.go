package job

import (
	"cmp"
	"slices"
	"time"
)

// Concurrency is how many calls at once a worker has found that the called side answers
// well, if the parallelism is not fixed.
type Concurrency struct {
	// Pool is the worker's pool.
	Pool string    `json:"pool"`
	At   time.Time `json:"at"`
	// Calls is how many there are at most now, Most how many its grants allow.
	Calls int `json:"calls"`
	Most  int `json:"most"`
	// Reason is why there are not more.
	Reason ConcurrencyReason `json:"reason"`
	// Latency is the median of the last calls, NoLoad the lowest median that was seen: what
	// a call takes that waits for no other.
	Latency Duration `json:"latency"`
	NoLoad  Duration `json:"no_load"`
}

// ConcurrencyReason is why there are not more calls at once.
type ConcurrencyReason string

// The reasons.
const (
	// ConcurrencyGrows: no limit was found yet.
	ConcurrencyGrows ConcurrencyReason = "growing"
	// ConcurrencyMost: the parallelism does not allow more.
	ConcurrencyMost ConcurrencyReason = "parallelism"
	// ConcurrencyLatency: with more, calls took half as long again.
	ConcurrencyLatency ConcurrencyReason = "latency"
	// ConcurrencyBusy: with more, calls timed out, or were answered with HTTP 503 or 504.
	ConcurrencyBusy ConcurrencyReason = "busy"
	// ConcurrencyRefused: the API refuses calls (HTTP 429) when there are more.
	ConcurrencyRefused ConcurrencyReason = "refused"
)

// concurrencyAge is how long what a worker has said counts: it may be gone.
const concurrencyAge = time.Minute

// LatestConcurrency puts what a pool says among what the pools have said: the latest of each,
// in the order of the pools' IDs, without what is too old beside it.
func LatestConcurrency(said []Concurrency, now Concurrency) []Concurrency {
	said = slices.Clone(said)
	at := slices.IndexFunc(said, func(c Concurrency) bool { return c.Pool == now.Pool })
	switch {
	case at < 0:
		said = append(said, now)
	case said[at].At.Before(now.At):
		said[at] = now
	}
	said = slices.DeleteFunc(said, func(c Concurrency) bool { return now.At.Sub(c.At) > concurrencyAge })
	slices.SortFunc(said, func(a, b Concurrency) int { return cmp.Compare(a.Pool, b.Pool) })
	return said
}

// CallsAtOnce is how many all pools together have found.
func CallsAtOnce(found []Concurrency) (calls int) {
	for _, c := range found {
		calls += c.Calls
	}
	return calls
}

// ConcurrencyText says how many calls at once all pools together have found, and why there
// are not more, as the last of them says; empty if nothing is known. The number is written by
// the function.
func ConcurrencyText(found []Concurrency, settings Settings, number func(int64) string) string {
	if len(found) == 0 {
		return ""
	}
	last := slices.MaxFunc(found, func(a, b Concurrency) int { return a.At.Compare(b.At) })
	text := number(int64(CallsAtOnce(found))) + " of " + settings.ParallelismText(number) + " calls at once"
	switch last.Reason {
	case ConcurrencyLatency:
		return text + ", with more the API becomes slower"
	case ConcurrencyBusy:
		return text + ", with more they time out or get HTTP 503"
	case ConcurrencyRefused:
		return text + ", the API refuses more"
	}
	return text
}
