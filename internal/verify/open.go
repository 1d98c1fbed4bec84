package verify

import (
	"context"
	"errors"
	"io/fs"
	"path/filepath"

	"longhaul/internal/storage"
	"longhaul/internal/storage/local"
	"longhaul/job"
)

// Run proves or refutes an output folder of this machine. The root is that of the worker
// that wrote it, where its relative paths start; empty for one without.
func Run(ctx context.Context, root, uri string) (*Result, error) {
	return Verifier{}.Run(ctx, root, uri)
}

// Run is Run, and reports on the way.
func (v Verifier) Run(ctx context.Context, root, uri string) (result *Result, err error) {
	// Nothing is written, so that no folder for unfinished objects is needed.
	var inputs storage.Store = local.Unconfined(".", "")
	if root != "" {
		if inputs, err = local.Confined(root, ""); err != nil {
			return nil, err
		}
		if !filepath.IsAbs(uri) {
			uri = filepath.Join(root, uri)
		}
	}
	defer func() { err = errors.Join(err, inputs.Close()) }()
	// The folder may have been copied out of the root.
	folder, err := local.Unconfined(".", "").Folder(ctx, uri, false)
	if errors.Is(err, fs.ErrNotExist) {
		return nil, job.Errorf(job.KindOutput, uri, "there is no such folder")
	}
	if err != nil {
		return nil, err
	}
	defer func() { err = errors.Join(err, folder.Close()) }()
	return v.Output(ctx, inputs, folder)
}
