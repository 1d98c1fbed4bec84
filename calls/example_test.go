package calls_test

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"

	"longhaul/calls"
	"longhaul/job"
)

type order struct {
	ID    int
	Items []string
}

type invoice struct {
	Order int `json:"order"`
	Cents int `json:"cents"`
}

// The record is decoded into the function's argument, and its result is the answer. An
// error is tried again, unless a *job.CallError says that this is of no use.
func ExampleFunc() {
	bill := calls.Func("bill", func(_ context.Context, o order) (invoice, error) {
		if len(o.Items) == 0 {
			return invoice{}, &job.CallError{Kind: "empty", Message: "the order has no items"}
		}
		return invoice{Order: o.ID, Cents: 250 * len(o.Items)}, nil
	})

	// A worker does this for each record of a job:
	spec := job.DefaultFuncSpec()
	spec.Name = "bill"
	caller, err := calls.New(job.CallSpec{Func: &spec}, calls.Options{Functions: []calls.Function{bill}})
	if err != nil {
		panic(err)
	}
	for i, record := range []string{`{"ID": 7, "Items": ["tea", "cup"]}`, `{"ID": 8}`} {
		answer, err := caller.Call(context.Background(), job.Record{Index: int64(i), Value: json.RawMessage(record)})
		var failure *job.CallError
		if errors.As(err, &failure) {
			fmt.Println(failure.Kind, "- tried again:", failure.Retry)
			continue
		}
		fmt.Println(string(answer.Output))
	}
	// Output:
	// {"order":7,"cents":500}
	// empty - tried again: false
}
