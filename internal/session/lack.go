package session

import (
	"context"
	"errors"

	"longhaul/calls"
	"longhaul/job"
)

// Alone says that no other worker will take what this one cannot do.
func (r *Registry) Alone() bool { return r.options.Alone }

// checkEnv is an error of the worker if a template of the spec names an environment
// variable that is not allowed, or not set.
func (r *Registry) checkEnv(spec job.Spec) error {
	if r.options.Calls.Env == nil {
		return nil
	}
	for _, name := range spec.EnvNames() {
		if _, err := r.options.Calls.Env(name); err != nil {
			return job.Errorf(job.KindSpec, "call.http", "%w", err).OfWorker()
		}
	}
	return nil
}

// callerOrLack makes the caller of a job, or says what this process lacks for it. Without
// it, the job's other activities can be done all the same.
func (r *Registry) callerOrLack(manifest job.Manifest) (caller calls.Caller, lack, err error) {
	if own := r.options.Own; own != nil {
		if lack := own.admitsCalls(manifest.Spec); lack != nil {
			return nil, lack, nil
		}
	}
	caller, err = r.NewCaller(manifest.Spec, manifest.CallID())
	if errors.Is(err, job.ErrOfWorker) {
		return nil, err, nil
	}
	return caller, nil, err
}

// CanCall says what this process lacks to make the calls of a chunk that begins with the
// given record: an error of the worker (job.ErrOfWorker), or of the input. What it has found
// once is not looked for again.
func (s *Session) CanCall(ctx context.Context, first int64) error {
	if s.lack != nil {
		s.End() // the worker may have it the next time
		return s.lack
	}
	if s.able.Load() {
		return nil
	}
	for record, err := range s.Records(ctx, job.Range{First: first, Last: first + 1}) {
		if err != nil {
			return err
		}
		if admitter, ok := s.caller.(calls.Admitter); ok {
			if err := admitter.Admit(record); err != nil {
				return err
			}
		}
	}
	s.able.Store(true)
	return nil
}
