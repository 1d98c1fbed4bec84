// Package dryrun says what a job would send, without calls.
package dryrun

import (
	"context"
	"errors"
	"io"

	"longhaul/calls"
	"longhaul/internal/input"
	"longhaul/internal/output"
	"longhaul/internal/session"
	"longhaul/job"
)

// Preview is what a job would do with a record.
type Preview struct {
	Record job.Record
	// Request is nil if the call is not a request.
	Request *job.HTTPRequest
	// Err is why no call can be made of the record.
	Err error
}

// Run reads the first records of a spec's input and says what would be sent for
// them. It makes no call, and writes nothing. The spec's paths start from the
// working directory; env names the environment variables that it may use.
func Run(ctx context.Context, spec job.Spec, env []string, records int64) (previews []Preview, err error) {
	store, err := output.LocalStore("")
	if err != nil {
		return nil, err
	}
	r := session.NewRegistry(session.Options{Store: store, Calls: calls.Options{Env: session.AllowedEnv(env), AllowExec: true}})
	defer func() { err = errors.Join(err, r.Close()) }()
	caller, err := r.NewCaller(spec, "<job id>")
	if err != nil {
		return nil, err
	}
	in, err := input.Open(ctx, store, spec.Input)
	if err != nil {
		return nil, err
	}
	defer func() { err = errors.Join(err, in.Close()) }()
	// This finds a broken record, wherever it is.
	whole, err := in.Index(ctx, io.Discard, func(int64) {})
	if err != nil {
		return nil, err
	}
	for record, err := range in.Records(nil, job.Range{First: 0, Last: min(records, whole.Records)}) {
		if err != nil {
			return nil, err
		}
		p := Preview{Record: record}
		if previewer, ok := caller.(calls.Previewer); ok {
			p.Request, p.Err = previewer.Preview(record)
		}
		previews = append(previews, p)
	}
	return previews, nil
}

// Measure reads the whole input of a spec, says how long it is, and finds a broken record.
// It reports the number of records so far now and then. The fingerprint of a count has no
// size.
func Measure(ctx context.Context, spec job.InputSpec, report func(records int64)) (fingerprint job.Fingerprint, err error) {
	store, err := output.LocalStore("")
	if err != nil {
		return fingerprint, err
	}
	in, err := input.Open(ctx, store, spec)
	if err != nil {
		return fingerprint, err
	}
	defer func() { err = errors.Join(err, in.Close()) }()
	return in.Index(ctx, io.Discard, report)
}
