package calls

import (
	"context"
	"encoding/json"
	"slices"
	"strings"

	"longhaul/job"
)

// Function is a Go function that jobs can call by name.
type Function struct {
	name string
	call func(ctx context.Context, value json.RawMessage) (json.RawMessage, error)
}

// Name is what a job's call.func.name says.
func (f Function) Name() string { return f.name }

// Func names a function for jobs. The record's JSON is decoded into In, and Out
// is encoded as the answer. An error is retried, unless it is a *job.CallError
// that says otherwise; a panic fails the record. The function must be safe for
// concurrent use, and should return soon after ctx is done.
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

// functionCaller calls one function.
type functionCaller struct{ function Function }

func newFunction(spec job.FuncSpec, functions []Function) (functionCaller, error) {
	at := slices.IndexFunc(functions, func(f Function) bool { return f.name == spec.Name })
	if at < 0 {
		err := job.Errorf(job.KindSpec, "call.func.name", "this worker has no function %q", spec.Name)
		if len(functions) == 0 {
			return functionCaller{}, err.WithHint("start a worker of your own with longhaul.Worker(calls.Func(%q, ...))", spec.Name)
		}
		names := make([]string, len(functions))
		for i, f := range functions {
			names[i] = f.name
		}
		return functionCaller{}, err.WithHint("it has %s", strings.Join(names, ", "))
	}
	return functionCaller{functions[at]}, nil
}

func (c functionCaller) Call(ctx context.Context, record job.Record) (job.Answer, error) {
	output, err := c.function.call(ctx, record.Value)
	return job.Answer{Output: output}, err
}
