package output

import (
	"context"
	"io"
	"path"

	"longhaul/internal/input"
	"longhaul/internal/storage"
	"longhaul/job"
)

// Manifest reads job.json; nil if the folder is not a job's yet. A folder that
// holds parts without a job.json is refused: they are somebody's.
func (f *Folder) Manifest(ctx context.Context) (*job.Manifest, error) {
	manifest, err := f.readManifest(ctx)
	if manifest != nil || err != nil {
		return manifest, err
	}
	foreign, err := f.firstPart(ctx)
	if foreign == "" || err != nil {
		return nil, err
	}
	// Another job may have begun here, and written parts, since job.json was missing.
	if manifest, err = f.readManifest(ctx); manifest != nil || err != nil {
		return manifest, err
	}
	return nil, job.Errorf(job.KindOutput, f.URI(), "holds %s, but no %s", foreign, manifestName).
		WithHint("name another output folder: Longhaul would overwrite what is here")
}

// readManifest reads job.json; nil if there is none.
func (f *Folder) readManifest(ctx context.Context) (*job.Manifest, error) {
	var manifest job.Manifest
	err := f.readJSON(ctx, manifestName, &manifest)
	if isMissing(err) {
		return nil, nil
	}
	if err != nil {
		return nil, err
	}
	if manifest.Version != job.LayoutVersion {
		return nil, job.Errorf(job.KindOutput, f.URI(), "has layout version %d, this worker knows %d", manifest.Version, job.LayoutVersion).
			WithHint("use the Longhaul that wrote it, or another output folder")
	}
	return &manifest, nil
}

// firstPart is the name of a part, or of _SUCCESS; empty if there is none.
func (f *Folder) firstPart(ctx context.Context) (string, error) {
	for _, prefix := range []string{SuccessName, partPrefix, errorsPrefix} {
		entries, err := f.store.List(ctx, prefix)
		if err != nil {
			return "", err
		}
		if len(entries) > 0 {
			return entries[0].Name, nil
		}
	}
	return "", nil
}

// CreateManifest writes job.json if there is none, and returns what is there: an
// earlier attempt of the same job may have come first.
func (f *Folder) CreateManifest(ctx context.Context, manifest job.Manifest) (*job.Manifest, error) {
	if err := f.store.PutIfAbsent(ctx, manifestName, storage.JSONWithDigest(manifest)); err != nil && !isTaken(err) {
		return nil, err
	}
	return f.Manifest(ctx)
}

// PutManifest replaces job.json.
func (f *Folder) PutManifest(ctx context.Context, manifest job.Manifest) error {
	return f.store.Put(ctx, manifestName, storage.JSONWithDigest(manifest))
}

// PutIndex writes the index of the input.
func (f *Folder) PutIndex(ctx context.Context, write func(io.Writer) error) error {
	return f.store.Put(ctx, indexName, write)
}

// Index opens the index of the input. It is not checked.
func (f *Folder) Index(ctx context.Context) (*input.Index, error) {
	uri := path.Join(f.URI(), indexName)
	return input.OpenIndex(uri, func() (storage.Object, error) { return f.store.Open(ctx, indexName) })
}

// PutReport writes the report.
func (f *Folder) PutReport(ctx context.Context, write func(io.Writer) error) error {
	return f.store.Put(ctx, reportName, write)
}
