package job_test

import (
	"encoding/json"
	"errors"
	"fmt"

	"longhaul/job"
)

// A spec that is made in Go begins with the defaults, as that of its call does.
func ExampleDefaultSpec() {
	spec := job.DefaultSpec()
	spec.Input.URI = "customers.jsonl"
	spec.Output.URI = "scores"
	call := job.DefaultHTTPSpec()
	call.URL = "https://api.example.com/customers/{{.id | urlquery}}"
	spec.Call.HTTP = &call
	spec.Parallelism = 50

	fmt.Println("valid:", spec.Validate() == nil)
	fmt.Println(spec.Call, "with", spec.Retry.MaximumAttempts, "attempts")
	// Output:
	// valid: true
	// GET https://api.example.com/customers/{{.id | urlquery}} with 5 attempts
}

// A spec that is decoded has the defaults of what it does not say. What is wrong with it
// is said all at once.
func ExampleSpec_Validate() {
	var spec job.Spec
	err := json.Unmarshal([]byte(`{"input": {"count": 10}, "output": {"uri": "out"}, "call": {"func": {"name": "square"}}}`), &spec)
	fmt.Println(err, spec.Parallelism, spec.Call.Func.Timeout)

	spec.Parallelism, spec.Canary = 0, -1
	fmt.Println(spec.Validate())
	// Output:
	// <nil> 200 30s
	// parallelism: 0 is out of range; give 1 to 100000
	// canary: -1 is out of range; give 0 to 1000
}

// How a Go function says that its record has failed for good.
func ExampleCallError() {
	var err error = &job.CallError{Kind: "no_such_customer", Message: "customer 17 was deleted"}

	var failure *job.CallError
	fmt.Println(err, "- tried again:", errors.As(err, &failure) && failure.Retry)
	// Output: no_such_customer: customer 17 was deleted - tried again: false
}
