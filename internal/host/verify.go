package host

import (
	"context"
	"errors"
	"io/fs"
	"iter"

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
	j := newJobs(store, nil, nil)
	return folder.Verify(ctx, *manifest, func(r job.Range) iter.Seq2[job.Record, error] {
		return j.records(*manifest, folder, r)
	}, func(int64) {})
}
