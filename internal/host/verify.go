package host

import (
	"context"
	"errors"
	"io"
	"io/fs"
	"iter"

	"longhaul/calls"
	"longhaul/internal/input"
	"longhaul/internal/output"
	"longhaul/internal/storage"
	"longhaul/job"
)

// Verify proves or refutes an output folder against its input. The root is that
// of the worker that wrote it; empty for one without.
func Verify(ctx context.Context, root, uri string) (v *output.Verification, err error) {
	store := storage.Unconfined(".")
	if root != "" {
		if store, err = storage.Confined(root); err != nil {
			return nil, err
		}
	}
	defer func() { err = errors.Join(err, store.Close()) }()
	stored, err := store.Folder(uri, false)
	if errors.Is(err, fs.ErrNotExist) {
		return nil, job.Errorf(job.KindOutput, uri, "there is no such folder")
	}
	if err != nil {
		return nil, err
	}
	defer func() { err = errors.Join(err, stored.Close()) }()
	folder := output.NewFolder(stored, uri)
	manifest, err := folder.Manifest()
	if err != nil {
		return nil, err
	}
	if manifest == nil {
		return nil, job.Errorf(job.KindOutput, uri, "is no output folder: it has no _longhaul/job.json")
	}
	j := newJobs(store, nil, calls.Options{})
	if err := j.recheck(ctx, manifest); err != nil {
		return nil, err
	}
	return folder.Verify(ctx, *manifest, func(r job.Range) iter.Seq2[job.Record, error] {
		return j.records(*manifest, folder, r)
	}, func(int64) {})
}

// SpecOf is the spec that an output folder was written with; nil if the folder is
// none.
func SpecOf(uri string) (spec *job.Spec, err error) {
	stored, err := storage.Unconfined(".").Folder(uri, false)
	if err != nil {
		return nil, nil // not there, or no folder
	}
	defer func() { err = errors.Join(err, stored.Close()) }()
	manifest, err := output.NewFolder(stored, uri).Manifest()
	if err != nil || manifest == nil {
		return nil, err
	}
	return &manifest.Spec, nil
}

// recheck compares the whole content of an input that was touched or copied.
func (j *jobs) recheck(ctx context.Context, manifest *job.Manifest) (err error) {
	in, err := j.openInput(manifest.Spec.Input)
	if err != nil {
		return err
	}
	defer func() { err = errors.Join(err, in.Close()) }()
	if manifest.Input.Unchanged(in.Size(), in.ModTime()) {
		return nil
	}
	now, err := in.Index(ctx, io.Discard, func(int64) {})
	if err != nil {
		return err
	}
	if now.SHA256 != manifest.Input.SHA256 {
		return input.Changed(manifest.Spec.Input.URI)
	}
	manifest.Input = now
	return nil
}
