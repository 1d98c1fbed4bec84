package job

import (
	"slices"
	"time"
)

// Phase is what a running job is busy with.
type Phase string

// The phases of a job.
const (
	PhaseIndexing  Phase = "indexing"
	PhaseRunning   Phase = "running"
	PhasePaused    Phase = "paused"
	PhaseWaiting   Phase = "waiting for the API"
	PhaseDisk      Phase = "waiting for disk"
	PhaseDraining  Phase = "draining"
	PhaseFinishing Phase = "finishing"
	PhaseFinished  Phase = "finished"
)

// IsWaiting says whether no call is made because of something that may pass.
func (p Phase) IsWaiting() bool { return p == PhaseWaiting || p == PhaseDisk }

// The names that Temporal knows us by.
const (
	// WorkflowType takes a Spec as its input.
	WorkflowType = "BulkCall"
	// TaskQueue is where workers look for tasks by default.
	TaskQueue = "longhaul"
	// QueryProgress answers with a Progress.
	QueryProgress = "progress"
)

// Progress is the answer to the progress query. It counts whole chunks; what
// is done inside running chunks is in their heartbeats.
type Progress struct {
	Phase  Phase  `json:"phase"`
	Input  string `json:"input,omitempty"`
	Output string `json:"output"`
	// Call is the call in a few words.
	Call string `json:"call,omitempty"`
	// Records is N, 0 while indexing.
	Records int64 `json:"records"`
	Totals
	// Skipped were committed before this workflow began; part of Totals.
	Skipped int64 `json:"skipped"`
	// Failures are the failed records by kind, the most frequent first.
	Failures []FailureCount `json:"failures,omitempty"`
	// Rate is records per second over the last minute.
	Rate float64 `json:"rate"`
	// Latency is that of the calls since the job was started.
	Latency Latency `json:"latency"`
	// Bottleneck is what keeps the job from being faster now; empty while that is not
	// known.
	Bottleneck Bottleneck `json:"limit,omitempty"`
	// Concurrency is what each worker has found; none if the parallelism is fixed.
	Concurrency []Concurrency `json:"concurrency,omitempty"`
	// TimeLeft is an estimate; nil while there is nothing to tell it from.
	TimeLeft *TimeLeft `json:"time_left,omitempty"`
	// Waits are what the workers wait for; none while calls are made.
	Waits []Wait `json:"waits,omitempty"`
	// Stuck are the calls of all workers that do not return; nil if there are none.
	Stuck *StuckCalls `json:"stuck,omitempty"`
	// LastError is what the last failed record or the API said.
	LastError string `json:"last_error,omitempty"`
	// CallsInFlight is how many there may be with the chunks in flight.
	CallsInFlight int `json:"calls_in_flight"`
	// ChunksInFlight is how many lanes are taken.
	ChunksInFlight int `json:"chunks_in_flight"`
	Lanes          int `json:"lanes"`
	// Started is when the workflow began, over all its runs.
	Started  time.Time `json:"started"`
	Settings Settings  `json:"settings"`
	// Changes of settings, the last hundred.
	Changes []Change `json:"changes,omitempty"`
}

// Latency is in milliseconds.
type Latency struct {
	P50 float64 `json:"p50_ms"`
	P95 float64 `json:"p95_ms"`
	P99 float64 `json:"p99_ms"`
}

// TimeLeft is between the two: at the rate of the last minute, and at that of the
// whole job.
type TimeLeft struct {
	From Duration `json:"from"`
	To   Duration `json:"to"`
}

// Bottleneck is what keeps a job from being faster.
type Bottleneck string

// The limits.
const (
	BottleneckParallelism Bottleneck = "parallelism"
	BottleneckInterval    Bottleneck = "chunk_interval"
	BottleneckRate        Bottleneck = "rate"
	// BottleneckAPI: it does not answer, asks to wait, or has become slower.
	BottleneckAPI Bottleneck = "the API"
	// BottleneckCanary: no call has succeeded yet.
	BottleneckCanary Bottleneck = "canary"
	// BottleneckProcessor is the worker's.
	BottleneckProcessor Bottleneck = "the worker's processor"
)

// FailureCount counts failed records.
type FailureCount struct {
	Kind   string `json:"kind"`
	Status int    `json:"status,omitempty"`
	Count  int64  `json:"count"`
}

// String is the kind and, if there is one, the status.
func (f FailureCount) String() string {
	failure := CallError{Kind: f.Kind, Status: f.Status}
	return failure.Name()
}

// CountFailure adds to the count of the same kind and status.
func CountFailure(counts []FailureCount, failure FailureCount) []FailureCount {
	at := slices.IndexFunc(counts, func(f FailureCount) bool { return f.Kind == failure.Kind && f.Status == failure.Status })
	if at < 0 {
		return append(counts, failure)
	}
	counts[at].Count += failure.Count
	return counts
}

// SignalOutage carries a Notice from a worker to its job.
const SignalOutage = "outage"

// SignalProven comes from a worker when the first call of its job has succeeded.
const SignalProven = "proven"

// Notice says what a pool waits for, and which of its calls do not return; nothing
// when that is over.
type Notice struct {
	Pool    string `json:"pool"`
	Waiting string `json:"waiting"`
	// Wait is the same for programs.
	Wait  *Wait       `json:"wait,omitempty"`
	Stuck *StuckCalls `json:"stuck,omitempty"`
}

// WaitReason is why a pool makes no calls.
type WaitReason string

// The reasons for waiting.
const (
	// WaitOutage: nearly all calls fail; one is made now and then.
	WaitOutage WaitReason = "outage"
	// WaitThrottled: the called side asked everybody to wait.
	WaitThrottled WaitReason = "throttled"
	// WaitDisk: answers cannot be written; Last says why, and Until is zero.
	WaitDisk WaitReason = "disk"
)

// Wait is what a pool waits for.
type Wait struct {
	Reason WaitReason `json:"reason"`
	// Since is when it began, Until when the next call is made.
	Since time.Time `json:"since"`
	Until time.Time `json:"until"`
	// Last is the kind and status of the last failure, such as "http 503", or why
	// answers cannot be written.
	Last string `json:"last,omitempty"`
}

// Heartbeat is what a running activity tells between its start and its end.
type Heartbeat struct {
	// Done counts records so far.
	Done int64 `json:"done"`
	// Waiting says what an activity waits for; empty if it works.
	Waiting string `json:"waiting,omitempty"`
	// Wait is what the chunk's pool waits for; nil while it makes calls.
	Wait *Wait `json:"wait,omitempty"`
	// Stuck are the calls of the chunk's pool that do not return, of other chunks too.
	Stuck *StuckCalls `json:"stuck,omitempty"`
	// Concurrency is what the chunk's pool has found; nil if the parallelism is fixed.
	Concurrency *Concurrency `json:"concurrency,omitempty"`
	// Lack is set while the workers that were asked lack something that the job needs.
	Lack *Lack `json:"lack,omitempty"`
	// Begun counts the attempts in a row, this one included, that have begun to read the
	// input and did not say that they have ended: their worker has died.
	Begun int `json:"begun,omitempty"`
}

// Lack says how long, and how often, an activity was passed on by workers that lack
// something, since a worker last could do it.
type Lack struct {
	// Since is by the server's clock.
	Since time.Time `json:"since"`
	Times int       `json:"times"`
}
