package inspect

import (
	"errors"
	"io/fs"

	"longhaul/internal/output"
	"longhaul/internal/storage"
	"longhaul/job"
)

// Folder is an output folder that is being read.
type Folder struct {
	*output.Folder
	Manifest job.Manifest
	stored   interface{ Close() error }
}

// Open opens the output folder at the URI.
func Open(uri string) (*Folder, error) {
	stored, err := storage.Unconfined(".").Folder(uri, false)
	if errors.Is(err, fs.ErrNotExist) {
		return nil, job.Errorf(job.KindOutput, uri, "there is no such folder").
			WithHint("name the output folder of a job (output.uri of its spec)")
	}
	if err != nil {
		return nil, err
	}
	folder := output.NewFolder(stored, uri)
	manifest, err := folder.Manifest()
	if err == nil && manifest == nil {
		err = job.Errorf(job.KindOutput, uri, "is no output folder: it has no _longhaul/job.json").
			WithHint("name the folder that the job writes to (output.uri of its spec)")
	}
	if err != nil {
		return nil, errors.Join(err, stored.Close())
	}
	return &Folder{Folder: folder, Manifest: *manifest, stored: stored}, nil
}

// Close closes it.
func (f *Folder) Close() error { return f.stored.Close() }
