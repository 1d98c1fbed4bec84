package job

import (
	"encoding/json"
	"fmt"
	"strings"
	"time"
)

// Record is one item of the input.
type Record struct {
	Index int64
	// Value is the record's JSON as it stands in the input.
	Value json.RawMessage
}

// Answer is what a successful call gives.
type Answer struct {
	Output json.RawMessage
	// Status is the HTTP status; 0 if the call has none.
	Status int
}

// Result is what became of one record: an answer, or the reason why there is
// none. A failed call is data, not an error of the job.
type Result struct {
	Record
	Answer
	// Failure is nil for a success.
	Failure *CallError
	// Attempts counts the calls made for the record by this attempt at its chunk,
	// without those that count as none of its own: Throttled were refused for now
	// (HTTP 429), Outage failed while nearly all calls did.
	Attempts, Throttled, Outage int
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
	// Throttled: the called side refused the call because there were too many.
	Throttled bool `json:"-"`
	// Setup: as a rule a mistake in the spec (a host without an address, a
	// certificate that is not trusted): while no call has succeeded, it counts as
	// one that no retry can fix.
	Setup bool `json:"-"`
	// Stop: the job must stop, because no other call would end better.
	Stop bool `json:"-"`
}

// briefly is how long a brief error may be.
const briefly = 300

// Brief is the first line of the error, for places that must not grow.
func (e *CallError) Brief() string {
	if e == nil {
		return ""
	}
	line, _, _ := strings.Cut(e.Error(), "\n")
	if len(line) > briefly {
		line = strings.ToValidUTF8(line[:briefly], "") + "…"
	}
	return line
}

func (e *CallError) Error() string {
	if e.Status != 0 {
		return fmt.Sprintf("%s %d: %s", e.Kind, e.Status, e.Message)
	}
	return e.Kind + ": " + e.Message
}

// Mark says in a journal that a call begins, or that it has come back without a
// result. A call that has begun and has neither come back nor a result was made
// by a process that died. Marks are made where that has happened before.
type Mark struct {
	Index int64
	// Back: it has come back.
	Back bool
	// Alone: it is the only call of its process.
	Alone bool
}
