package calls

import (
	"context"

	"longhaul/job"
)

// Caller makes the slow call for one record. It must be safe for concurrent
// use, and return soon after ctx is done.
type Caller interface {
	Call(ctx context.Context, record job.Record) (job.Answer, error)
}

// Checker is a Caller that can tell, without calling, whether a record would
// make a proper call.
type Checker interface {
	Check(record job.Record) error
}

// Admitter is a Caller that can tell whether the worker may make the call for a record.
type Admitter interface {
	// Admit returns an error of the worker (job.ErrOfWorker) if it may not. Whether the
	// record makes a proper call, Check tells.
	Admit(record job.Record) error
}

// Resizable is a Caller that holds something for each call in flight, as
// connections.
type Resizable interface {
	// Resize is called when more or fewer calls may be in flight.
	Resize(parallelism int)
}

// Options is what a caller needs besides its spec: what a worker and a job set. Only
// what the kind of call uses must be set.
type Options struct {
	// CallID begins the Idempotency-Key of POST and PATCH requests.
	CallID string
	// Parallelism is how many calls may be in flight.
	Parallelism int
	// Functions are those that jobs may call by name.
	Functions []Function
	// AllowExec lets jobs run programs, in the folder Dir.
	AllowExec bool
	Dir       string
	// Log gets what programs write to their standard error.
	Log func(record int64, line string)
	// ReadFile reads a file below the worker's root.
	ReadFile func(name string) ([]byte, error)
	// AllowHosts are patterns of the hosts that http may call, as those of path.Match;
	// none allow all hosts but link-local and metadata addresses.
	AllowHosts []string
	// Env looks up an environment variable for a template. Its error says whether
	// the worker does not allow the variable, or does not have it.
	Env func(name string) (string, error)
}

// New makes the caller of a valid spec. Its error is of KindSpec. A caller that
// holds something, as processes, is an io.Closer too.
func New(spec job.CallSpec, options Options) (Caller, error) {
	switch {
	case spec.HTTP != nil:
		return newHTTP(*spec.HTTP, options)
	case spec.Exec != nil:
		return newExec(*spec.Exec, options)
	case spec.Func != nil:
		return newFunction(*spec.Func, options.Functions)
	default:
		return sleeper{spec.Sleep.Duration.Std()}, nil
	}
}
