package job

import "time"

// Spec is what a user asks for: the JSON of a job file and the input of the
// BulkCall workflow. A Spec that was decoded from JSON has its defaults filled
// in; one made in Go starts from DefaultSpec.
type Spec struct {
	Input  InputSpec  `json:"input"`
	Output OutputSpec `json:"output"`
	Call   CallSpec   `json:"call"`

	// Parallelism is how many calls are in flight at most, all workers
	// together: 1 to 100,000, default 200.
	Parallelism int `json:"parallelism"`
	// MinParallelism lets the workers find how many calls at once the API answers well:
	// from it to Parallelism. 0, the default, is always Parallelism. A spec may also say
	// "parallelism": "auto", which is 4 to 1,000, or {"min": 4, "max": 1000}.
	MinParallelism int `json:"min_parallelism,omitempty"`
	// ChunkSize is how many records one ProcessChunk activity gets at most:
	// 1 to 100,000, default 1000.
	ChunkSize int64 `json:"chunk_size"`
	// ChunkInterval is the least time between the starts of two chunks of
	// ChunkSize records (smaller chunks wait in proportion); default 500ms.
	ChunkInterval Duration `json:"chunk_interval"`
	// BatchSize is how many full chunks make one part file: 1 to 1000,
	// default 5.
	BatchSize int64 `json:"batch_size"`
	// BatchInterval replaces ChunkInterval between two batches; default
	// ChunkInterval.
	BatchInterval *Duration `json:"batch_interval,omitempty"`
	// Rate is how many calls start per second at most, all workers together;
	// 0, the default, sets no limit.
	Rate float64 `json:"rate"`
	// Redrive calls failed records again, in an output folder that is there.
	Redrive *RedriveSpec `json:"redrive,omitempty"`
	// Sample has the job call some random records only, and then end.
	Sample *SampleSpec `json:"sample,omitempty"`
	// Retry is how often and when a failed call is made again.
	Retry RetrySpec `json:"retry"`
	// Outage is what to do when nearly all calls fail.
	Outage OutageSpec `json:"outage"`
	// Canary is how many calls are in flight at most until one has succeeded, and
	// after how many failures that no retry can fix the job stops, if all calls
	// so far have failed so: 1 to 1000, default 20; 0 for no such limit.
	Canary int `json:"canary"`
	// MaxFailures is how many failed records stop the job; default 10%. A
	// percentage is judged from 100 records on.
	MaxFailures FailureLimit `json:"max_failures"`
	// HeartbeatTimeout is how soon a dead worker is noticed: at least 1s,
	// default 10s.
	HeartbeatTimeout Duration `json:"heartbeat_timeout"`
	// CapabilityTimeout is how long a worker is waited for that has all that the job
	// needs (permissions, functions, programs, files), while those that are asked lack
	// something: at least 1s, default 5m. A job of longhaul run does not wait.
	CapabilityTimeout Duration `json:"capability_timeout"`
}

// InputSpec names the list of records: a file or a count.
type InputSpec struct {
	// URI is a file, relative to the worker's root.
	URI string `json:"uri,omitempty"`
	// Count makes the numbers 0..Count-1 the records; no file is read.
	Count *int64 `json:"count,omitempty"`
	// Format is jsonl, csv or lines; default by the file's extension.
	Format Format `json:"format,omitempty"`
	// Limit is how many records, from the first one on, the job has; 0, the default,
	// for all. A job that goes on may have another limit, or none.
	Limit int64 `json:"limit,omitempty"`
}

// OutputSpec names the folder that the answers go to.
type OutputSpec struct {
	// URI is a folder, relative to the worker's root; made if missing.
	URI string `json:"uri"`
	// IncludeInput puts each record beside its answer; default true.
	IncludeInput bool `json:"include_input"`
}

// RetrySpec is the retry policy of one record. The back-off has full jitter: a
// random time up to min(initial × coefficient^n, maximum).
type RetrySpec struct {
	// MaximumAttempts counts the first call too: 1 to 1000, default 5.
	MaximumAttempts int `json:"maximum_attempts"`
	// InitialInterval bounds the first wait; default 500ms.
	InitialInterval Duration `json:"initial_interval"`
	// BackoffCoefficient is at least 1, default 2.
	BackoffCoefficient float64 `json:"backoff_coefficient"`
	// MaximumInterval bounds every wait; default 30s.
	MaximumInterval Duration `json:"maximum_interval"`
}

// RedriveSpec chooses failed records: those that fit all that is set. The call
// may be another one than before.
type RedriveSpec struct {
	// Kind is the failure's: "http", "timeout", "poison", ...
	Kind string `json:"kind,omitempty"`
	// Status is the failure's HTTP status, or a class of them: "5xx".
	Status StatusPattern `json:"status,omitempty"`
}

// Chooses says whether a record that failed like this is called again.
func (r RedriveSpec) Chooses(failure CallError) bool {
	return (r.Kind == "" || r.Kind == failure.Kind) && (r.Status == "" || r.Status.Matches(failure.Status))
}

// OutageSpec is about a called side that is down: 19 of the last 20 calls have failed
// in a way that a retry could fix. The job then takes no more records, and makes one
// call now and then until one is answered. Attempts meanwhile do not count.
type OutageSpec struct {
	// After is how long it makes that call each second; default 10s. 0s: no failure
	// is an outage.
	After Duration `json:"after"`
	// ProbeInterval is how long a call waits after that; default 5s. It doubles up
	// to a minute.
	ProbeInterval Duration `json:"probe_interval"`
	// GiveUp is how long an outage may last before the job fails; default 24h.
	// 0s waits for ever.
	GiveUp Duration `json:"give_up"`
	// GiveUpAtStart is the same for a job of which no call has ever succeeded;
	// default 1m. 0s waits as long as GiveUp.
	GiveUpAtStart Duration `json:"give_up_at_start"`
}

// DefaultSpec is a Spec with every default filled in; input, output and call
// have none.
func DefaultSpec() Spec {
	return Spec{
		Output:            OutputSpec{IncludeInput: true},
		Parallelism:       200,
		ChunkSize:         1000,
		ChunkInterval:     Duration(500 * time.Millisecond),
		BatchSize:         5,
		Canary:            20,
		MaxFailures:       FailureLimit{Value: 10, Percent: true},
		HeartbeatTimeout:  Duration(10 * time.Second),
		CapabilityTimeout: Duration(5 * time.Minute),
		Outage: OutageSpec{
			After: Duration(10 * time.Second), ProbeInterval: Duration(5 * time.Second), GiveUp: Duration(24 * time.Hour),
			GiveUpAtStart: Duration(time.Minute),
		},
		Retry: RetrySpec{
			MaximumAttempts:    5,
			InitialInterval:    Duration(500 * time.Millisecond),
			BackoffCoefficient: 2,
			MaximumInterval:    Duration(30 * time.Second),
		},
	}
}

// BatchRecords is how many records a part holds.
func (s Spec) BatchRecords() int64 { return s.ChunkSize * s.BatchSize }

// IntervalBetweenBatches is BatchInterval or its default.
func (s Spec) IntervalBetweenBatches() Duration {
	if s.BatchInterval != nil {
		return *s.BatchInterval
	}
	return s.ChunkInterval
}
