package calls

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"runtime/debug"
	"slices"
	"strings"
	"time"

	"longhaul/job"
)

// Function is a Go function that jobs can call by name; Func makes one.
type Function struct {
	name string
	call func(ctx context.Context, value json.RawMessage) (json.RawMessage, error)
}

// Name is what a job's call.func.name says.
func (f Function) Name() string { return f.name }

// Func names a function for jobs. The record's JSON is decoded into In, and Out
// is encoded as the answer. An error is retried, unless it is a *job.CallError
// that says otherwise; a panic fails the record.
//
// The function must be safe for concurrent use, and should return soon after ctx is
// done, which is when the spec's call.func.timeout is over (default 30s), or the worker
// must cut its calls off. A call that returns later than its timeout has failed and is
// made again, whatever it returns. Until it returns, it counts as a call in flight: a
// function that ignores ctx holds its job up.
func Func[In, Out any](name string, f func(ctx context.Context, in In) (Out, error)) Function {
	return Function{name, func(ctx context.Context, value json.RawMessage) (json.RawMessage, error) {
		var in In
		if err := json.Unmarshal(value, &in); err != nil {
			return nil, &job.CallError{Kind: "decode", Message: "the record does not fit the function: " + err.Error()}
		}
		out, err := f(ctx, in)
		if err != nil {
			return nil, err
		}
		answer, err := json.Marshal(out)
		if err != nil {
			return nil, &job.CallError{Kind: "encode", Message: "the function's answer is not JSON: " + err.Error()}
		}
		return answer, nil
	}}
}

// safely calls the function. A panic of it, or of its types' own JSON methods, is the
// record's failure.
func (f Function) safely(ctx context.Context, value json.RawMessage) (answer json.RawMessage, err error) {
	defer func() {
		if reason := recover(); reason != nil {
			err = &job.CallError{Kind: "panic", Message: fmt.Sprintf("%v\n%s", reason, debug.Stack())}
		}
	}()
	return f.call(ctx, value)
}

// functionCaller calls one function.
type functionCaller struct {
	function Function
	timeout  time.Duration
}

func newFunction(spec job.FuncSpec, functions []Function) (functionCaller, error) {
	at := slices.IndexFunc(functions, func(f Function) bool { return f.name == spec.Name })
	if at < 0 {
		err := job.Errorf(job.KindSpec, "call.func.name", "this worker has no function %q", spec.Name).OfWorker()
		if len(functions) == 0 {
			return functionCaller{}, err.WithHint("start a worker of your own with longhaul.Worker(calls.Func(%q, ...))", spec.Name)
		}
		names := make([]string, len(functions))
		for i, f := range functions {
			names[i] = f.name
		}
		return functionCaller{}, err.WithHint("it has %s", strings.Join(names, ", "))
	}
	return functionCaller{functions[at], spec.Timeout.Std()}, nil
}

func (c functionCaller) Call(ctx context.Context, record job.Record) (job.Answer, error) {
	began := time.Now()
	limited, cancel := context.WithTimeout(ctx, c.timeout)
	defer cancel()
	output, err := c.function.safely(limited, record.Value)
	if errors.Is(limited.Err(), context.DeadlineExceeded) && !isPanic(err) {
		return job.Answer{}, c.timedOut(err, time.Since(began))
	}
	return job.Answer{Output: output}, withPlainKind(err)
}

// withPlainKind is the error with a kind that can be a name. Kinds are counted, shown and
// go through Temporal; a text, which may quote the record, goes to the message.
func withPlainKind(err error) error {
	var failure *job.CallError
	if !errors.As(err, &failure) || errorKind.MatchString(failure.Kind) {
		return err
	}
	plain := *failure
	plain.Kind, plain.Message = "call", failure.Kind+": "+failure.Message
	return &plain
}

func isPanic(err error) bool {
	var failure *job.CallError
	return errors.As(err, &failure) && failure.Kind == "panic"
}

// timedOut is the failure of a call that has returned err, or an answer, too late.
func (c functionCaller) timedOut(err error, took time.Duration) error {
	message := "no answer within " + c.timeout.String()
	switch {
	case err == nil:
		message += "; it came after " + took.Round(time.Millisecond).String()
	case !errors.Is(err, context.DeadlineExceeded):
		message += ": " + err.Error()
	}
	return &job.CallError{Kind: "timeout", Message: message, Retry: true}
}
