package activities

import (
	"context"
	"errors"
	"io"

	"go.temporal.io/sdk/activity"

	"longhaul/internal/input"
	"longhaul/internal/output"
	"longhaul/job"
)

// source is the input of a job that is being indexed.
type source struct {
	input.Input
	spec job.InputSpec
	beat *heartbeat
	read *readInputs
}

// index reads the content and writes the index.
func (s *source) index(ctx context.Context, w io.Writer) (job.Fingerprint, error) {
	fingerprint, err := s.Index(ctx, w, s.beat.done.Store)
	if err == nil {
		s.read.add(s.spec, fingerprint)
	}
	return fingerprint, err
}

// fingerprint is that of the input now: the known one as long as name, size and time
// are the same, else the content tells. It is read once in a process. The index in the
// folder stays: if the content is the same, so is the index.
func (s *source) fingerprint(ctx context.Context, known job.Manifest) (job.Fingerprint, error) {
	if s.spec.Count == nil && s.spec.URI == known.Spec.Input.URI && known.Input.Unchanged(s.Size(), s.ModTime()) {
		return known.Input, nil
	}
	if read, ok := s.read.find(s.spec, s.Size(), s.ModTime()); ok {
		return read, nil
	}
	return s.index(ctx, io.Discard)
}

// accept refuses a folder that belongs to another spec or another input. It
// returns the input's fingerprint as it is now.
func (s *source) accept(ctx context.Context, folder *output.Folder, spec job.Spec, manifest job.Manifest) (job.Fingerprint, error) {
	now, err := s.fingerprint(ctx, manifest)
	if err != nil {
		return now, err
	}
	succeeded, err := hasSuccess(ctx, folder)
	if err != nil {
		return now, err
	}
	return now, manifest.Accepts(spec, now, succeeded)
}

// hasSuccess says whether a call of the folder's job has succeeded.
func hasSuccess(ctx context.Context, folder *output.Folder) (bool, error) {
	_, totals, err := folder.Checkpoint(ctx)
	if err != nil || totals.Succeeded > 0 {
		return totals.Succeeded > 0, err
	}
	return folder.Journals.HasSuccess(ctx)
}

// repairIndex writes the index of an accepted input again if it is missing or damaged.
// It returns the fingerprint that goes with the index.
func (s *source) repairIndex(ctx context.Context, folder *output.Folder, now job.Fingerprint) (job.Fingerprint, error) {
	damage := s.checkIndex(ctx, folder, now)
	if damage == nil || job.KindOf(damage) != job.KindOutput {
		return now, damage
	}
	activity.GetLogger(ctx).Warn("the index of the input is written again", "error", damage)
	again := now
	err := folder.PutIndex(ctx, func(w io.Writer) (err error) {
		again, err = s.index(ctx, w)
		if err == nil && (again.SHA256 != now.SHA256 || again.Records != now.Records) {
			err = input.Changed(s.spec.URI) // since it was accepted
		}
		return err
	})
	return again, err
}

// checkIndex returns an error of kind KindOutput if there is no index, a damaged one, or one
// of which no digest is known because version 0.1 wrote it.
func (s *source) checkIndex(ctx context.Context, folder *output.Folder, of job.Fingerprint) (err error) {
	if s.spec.Count == nil && of.IndexSHA256 == "" {
		return job.Errorf(job.KindOutput, folder.URI(), "job.json has no digest of the index")
	}
	index, err := folder.Index(ctx)
	if err != nil {
		return err
	}
	defer func() { err = errors.Join(err, index.Close()) }()
	return s.CheckIndex(index, of)
}
