package verify

import (
	"context"
	"errors"
	"io"
	"io/fs"
	"path/filepath"

	"longhaul/internal/input"
	"longhaul/internal/inspect"
	"longhaul/internal/output"
	"longhaul/job"
)

// Run opens an output folder and its input, and proves or refutes the output. The
// root is that of the worker that wrote it; empty for one without.
func Run(ctx context.Context, root, uri string) (result *Result, err error) {
	store, err := output.LocalStore(root)
	if err != nil {
		return nil, err
	}
	defer func() { err = errors.Join(err, store.Close()) }()
	// The folder may have been copied out of the root.
	anywhere, err := output.LocalStore("")
	if err != nil {
		return nil, err
	}
	defer func() { err = errors.Join(err, anywhere.Close()) }()
	if root != "" && !filepath.IsAbs(uri) {
		uri = filepath.Join(root, uri)
	}
	folder, err := output.Open(ctx, anywhere, uri, false)
	if errors.Is(err, fs.ErrNotExist) {
		return nil, job.Errorf(job.KindOutput, uri, "there is no such folder")
	}
	if err != nil {
		return nil, err
	}
	defer func() { err = errors.Join(err, folder.Close()) }()
	manifest, err := inspect.ManifestOf(ctx, folder)
	if err != nil {
		return nil, err
	}
	in, err := input.Reopen(ctx, store, *manifest)
	if err != nil {
		return nil, err
	}
	defer func() { err = errors.Join(err, in.Close()) }()
	if err := recheck(ctx, in, *manifest); err != nil {
		return nil, err
	}
	return Output(ctx, folder, *manifest, in)
}

// recheck compares the whole content of an input that was touched or copied.
func recheck(ctx context.Context, in input.Input, manifest job.Manifest) error {
	if manifest.Input.Unchanged(in.Size(), in.ModTime()) {
		return nil
	}
	now, err := in.Index(ctx, io.Discard, func(int64) {})
	if err == nil && now.SHA256 != manifest.Input.SHA256 {
		err = input.Changed(manifest.Spec.Input.URI)
	}
	return err
}
