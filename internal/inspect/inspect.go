package inspect

import (
	"context"
	"errors"
	"io/fs"

	"longhaul/internal/output"
	"longhaul/job"
)

// Folder is an output folder that is being read.
type Folder struct {
	*output.Folder
	Manifest job.Manifest
}

// Open opens the output folder at the URI, wherever it is on this machine.
func Open(ctx context.Context, uri string) (*Folder, error) {
	store, err := output.LocalStore("")
	if err != nil {
		return nil, err
	}
	folder, err := output.Open(ctx, store, uri, false)
	if errors.Is(err, fs.ErrNotExist) {
		return nil, job.Errorf(job.KindOutput, uri, "there is no such folder").
			WithHint("name the output folder of a job (output.uri of its spec)")
	}
	if err != nil {
		return nil, err
	}
	manifest, err := ManifestOf(ctx, folder)
	if err != nil {
		return nil, errors.Join(err, folder.Close())
	}
	return &Folder{Folder: folder, Manifest: *manifest}, nil
}

// ManifestOf is that of the folder's job; an error if there is none.
func ManifestOf(ctx context.Context, folder *output.Folder) (*job.Manifest, error) {
	manifest, err := folder.Manifest(ctx)
	if err == nil && manifest == nil {
		err = job.Errorf(job.KindOutput, folder.URI(), "is no output folder: it has no _longhaul/job.json").
			WithHint("name the folder that the job writes to (output.uri of its spec)")
	}
	return manifest, err
}

// SpecOf is the spec that an output folder was written with; nil if the folder is
// none.
func SpecOf(ctx context.Context, uri string) (spec *job.Spec, err error) {
	store, err := output.LocalStore("")
	if err != nil {
		return nil, err
	}
	folder, err := output.Open(ctx, store, uri, false)
	if err != nil {
		return nil, nil // not there, or no folder
	}
	defer func() { err = errors.Join(err, folder.Close()) }()
	manifest, err := folder.Manifest(ctx)
	if err != nil || manifest == nil {
		return nil, err
	}
	return &manifest.Spec, nil
}
