package calls

import (
	"context"
	"encoding/json"

	"longhaul/job"
)

// Caller makes the slow call for one record. It must be safe for concurrent
// use, and return soon after ctx is done.
type Caller interface {
	Call(ctx context.Context, record job.Record) (json.RawMessage, error)
}

// Checker is a Caller that can tell, without calling, whether a record would
// make a proper call.
type Checker interface {
	Check(record job.Record) error
}

// Options is what a caller needs besides its spec.
type Options struct {
	// JobID begins the idempotency keys.
	JobID string
	// Parallelism is how many calls may be in flight.
	Parallelism int
	// Env looks up the environment variables that templates may use.
	Env func(name string) (string, bool)
}

// New makes the caller of a valid spec. Its error is of KindSpec.
func New(spec job.CallSpec, options Options) (Caller, error) {
	if spec.HTTP != nil {
		return newHTTP(*spec.HTTP, options)
	}
	return sleeper{spec.Sleep.Duration.Std()}, nil
}
