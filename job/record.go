package job

import (
	"encoding/json"
	"time"
)

// Record is one item of the input.
type Record struct {
	Index int64
	// Value is the record's JSON as it stands in the input.
	Value json.RawMessage
}

// Result is the answer to one record: an output, or the reason why there is
// none. A failed call is data, not an error of the job.
type Result struct {
	Record
	Output json.RawMessage
	// Failure is nil for a success.
	Failure *CallError
	// Attempts counts the calls made for the record.
	Attempts int
	// Latency is how long the last call took.
	Latency time.Duration
	// At is when the last call ended.
	At time.Time
}

// CallError is how a Caller says why a call failed and whether to retry it. Any
// other error counts as retryable, of kind "call".
type CallError struct {
	// Kind groups failures: "http", "timeout", "template", "panic", ...
	Kind string `json:"kind"`
	// Status is the HTTP status, if there is one.
	Status int `json:"status,omitempty"`
	// Message says what happened; no secrets.
	Message string `json:"message"`
	// Retry says whether the same call may succeed later.
	Retry bool `json:"-"`
	// RetryAfter is how long the called side asked everybody to wait.
	RetryAfter time.Duration `json:"-"`
}

func (e *CallError) Error() string { return e.Kind + ": " + e.Message }
