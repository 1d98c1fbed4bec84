package session

import (
	"context"
	"slices"

	"longhaul/internal/storage"
	"longhaul/job"
)

// OwnJob is the only job that a process works for. Whoever reaches the Temporal server of
// longhaul run can put tasks into the run's queue, and read all that is in the server: no
// token in a task could tell the run's own tasks from copies. So the process compares each
// task with the spec that the user gave to it, and that never comes back from the server.
type OwnJob struct {
	WorkflowID string
	Spec       job.Spec
}

const refusedHint = "start a longhaul-worker for other jobs"

// Admits refuses an activity of another workflow. The process works for all if it has no
// job of its own.
func (r *Registry) Admits(workflowID string) error {
	if own := r.options.Own; own != nil && workflowID != own.WorkflowID {
		return job.Errorf(job.KindRefused, "workflow "+workflowID, "this worker belongs to a longhaul run, and works for workflow %s only", own.WorkflowID).
			WithHint(refusedHint)
	}
	return nil
}

// AdmitsSpec refuses a spec that is not that of the process's own job, but for what can be
// tuned.
func (r *Registry) AdmitsSpec(spec job.Spec) error {
	if own := r.options.Own; own != nil && !own.Spec.ReachesLike(spec, own.WorkflowID) {
		return refusedSpec()
	}
	return nil
}

// admitsCalls refuses the spec of job.json, which does not say what a redrive or a sample
// chooses.
func (o *OwnJob) admitsCalls(spec job.Spec) error {
	own := o.Spec
	own.Redrive, spec.Redrive = nil, nil
	own.Sample, spec.Sample = nil, nil
	if !own.ReachesLike(spec, o.WorkflowID) {
		return refusedSpec().OfWorker() // another run of this job may have that spec
	}
	return nil
}

func refusedSpec() *job.Error {
	return job.Errorf(job.KindRefused, "spec", "this worker belongs to a longhaul run with another spec").WithHint(refusedHint)
}

// ownStore opens nothing but what the spec of the process's own job names.
type ownStore struct {
	storage.Store
	own *OwnJob
}

func (s ownStore) Open(ctx context.Context, uri string) (storage.Object, error) {
	files := []string{s.own.Spec.Input.URI}
	if h := s.own.Spec.Call.HTTP; h != nil {
		files = append(files, h.TLS.CAFile, h.TLS.CertFile, h.TLS.KeyFile)
	}
	if err := s.check(uri, files...); err != nil {
		return nil, err
	}
	return s.Store.Open(ctx, uri)
}

func (s ownStore) Folder(ctx context.Context, uri string, create bool) (storage.Folder, error) {
	if err := s.check(uri, s.own.Spec.Output.URI); err != nil {
		return nil, err
	}
	return s.Store.Folder(ctx, uri, create)
}

func (s ownStore) check(uri string, named ...string) error {
	if slices.ContainsFunc(named, func(pattern string) bool { return pattern != "" && job.FitsURI(pattern, uri, s.own.WorkflowID) }) {
		return nil
	}
	return job.Errorf(job.KindRefused, uri, "the spec of this longhaul run does not name it").WithHint(refusedHint)
}
