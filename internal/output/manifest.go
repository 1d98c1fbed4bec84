package output

import (
	"io"
	"strings"

	"longhaul/job"
)

// Manifest reads job.json; nil if the folder is not a job's yet. A folder that
// holds parts without a job.json is refused: they are somebody's.
func (f *Folder) Manifest() (*job.Manifest, error) {
	var manifest job.Manifest
	err := f.readJSON(manifestName, &manifest)
	if isMissing(err) {
		return nil, f.refuseForeignParts()
	}
	if err != nil {
		return nil, err
	}
	if manifest.Version != job.LayoutVersion {
		return nil, job.Errorf(job.KindOutput, f.uri, "has layout version %d, this worker knows %d", manifest.Version, job.LayoutVersion).
			WithHint("use the Longhaul that wrote it, or another output folder")
	}
	return &manifest, nil
}

func (f *Folder) refuseForeignParts() error {
	names, err := f.store.List(".")
	if err != nil {
		return err
	}
	for _, name := range names {
		if name == successName || strings.HasPrefix(name, "part-") || strings.HasPrefix(name, "errors-") {
			return job.Errorf(job.KindOutput, f.uri, "holds %s, but no %s", name, manifestName).
				WithHint("name another output folder: Longhaul would overwrite what is here")
		}
	}
	return nil
}

// CreateManifest writes job.json if there is none, and returns what is there: an
// earlier attempt of the same job may have come first.
func (f *Folder) CreateManifest(epoch int64, manifest job.Manifest) (*job.Manifest, error) {
	if err := f.Holds(epoch); err != nil {
		return nil, err
	}
	if err := f.store.PutIfAbsent(manifestName, writeJSON(manifest)); err != nil && !isTaken(err) {
		return nil, err
	}
	return f.Manifest()
}

// PutManifest replaces job.json.
func (f *Folder) PutManifest(epoch int64, manifest job.Manifest) error {
	if err := f.Holds(epoch); err != nil {
		return err
	}
	return f.store.Put(manifestName, writeJSON(manifest))
}

// PutIndex writes the index of the input.
func (f *Folder) PutIndex(write func(io.Writer) error) error {
	return f.store.Put(indexName, write)
}

// Index opens the index of the input.
func (f *Folder) Index() (Object, error) { return f.store.Open(indexName) }
