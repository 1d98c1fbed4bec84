package activities

import (
	"context"
	"io"

	"longhaul/internal/input"
	"longhaul/internal/output"
	"longhaul/job"
)

// source is the input of a job that is being indexed. Its whole content is read once
// at most, however often it is asked for.
type source struct {
	input.Input
	spec job.InputSpec
	beat *heartbeat
	// read is what was found when the content was read; nil if it was not.
	read *job.Fingerprint
}

// index reads the content and writes the index.
func (s *source) index(ctx context.Context, w io.Writer) (job.Fingerprint, error) {
	fingerprint, err := s.Index(ctx, w, s.beat.done.Store)
	if err == nil {
		s.read = &fingerprint
	}
	return fingerprint, err
}

// fingerprint is that of the input now: the known one as long as name, size and time
// are the same, else the content tells. The index in the folder stays: if the content
// is the same, so is the index.
func (s *source) fingerprint(ctx context.Context, known job.Manifest) (job.Fingerprint, error) {
	switch {
	case s.read != nil:
		return *s.read, nil
	case s.spec.Count == nil && s.spec.URI == known.Spec.Input.URI && known.Input.Unchanged(s.Size(), s.ModTime()):
		return known.Input, nil
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
