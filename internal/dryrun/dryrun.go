// Package dryrun says what a job would send, without calls.
package dryrun

import (
	"context"
	"errors"
	"os"

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
	index, count, err := scratchIndex(ctx, in)
	if err != nil {
		return nil, err
	}
	defer func() { err = errors.Join(err, index.Close()) }()
	for record, err := range in.Records(index, job.Range{First: 0, Last: min(records, count)}) {
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

// scratchIndex is an index that is gone when it is closed. It also finds a broken
// input.
func scratchIndex(ctx context.Context, in input.Input) (index *os.File, records int64, err error) {
	if index, err = os.CreateTemp("", "longhaul-index-"); err != nil {
		return nil, 0, err
	}
	if err := os.Remove(index.Name()); err != nil {
		return nil, 0, errors.Join(err, index.Close())
	}
	fingerprint, err := in.Index(ctx, index, func(int64) {})
	if err != nil {
		return nil, 0, errors.Join(err, index.Close())
	}
	return index, fingerprint.Records, nil
}
