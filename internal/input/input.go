package input

import (
	"cmp"
	"context"
	"io"
	"iter"
	"time"

	"longhaul/internal/storage"
	"longhaul/job"
)

// IndexStep is how many records lie between two positions of the index.
const IndexStep = 256

// maxRecordBytes bounds one record, so that memory stays bounded.
const maxRecordBytes = 64 << 20

// Input is a list of records.
type Input interface {
	// Index checks every record and writes the index, which lets Records start
	// anywhere. It reports the number of records so far now and then.
	Index(ctx context.Context, index io.Writer, report func(records int64)) (job.Fingerprint, error)
	// CheckIndex reads a whole index and refuses one that is not the index of the
	// input with this fingerprint.
	CheckIndex(index *Index, of job.Fingerprint) error
	// Records gives the records of the range, using an index that Index wrote. With a
	// nil index it reads from the start.
	Records(index *Index, r job.Range) iter.Seq2[job.Record, error]
	// Size and ModTime are the quick way to tell that an input has not changed.
	Size() int64
	ModTime() time.Time
	io.Closer
}

// Open opens the input of a spec, for a new job. The context bounds all that is read
// of it.
func Open(ctx context.Context, store storage.Store, spec job.InputSpec) (Input, error) {
	return open(ctx, store, spec, newest(spec.ResolvedFormat()), IndexStep)
}

// Reopen opens the input of a job as the job has read it from its beginning on. The
// context bounds all that is read of it.
func Reopen(ctx context.Context, store storage.Store, manifest job.Manifest) (Input, error) {
	step := cmp.Or(manifest.Input.IndexStep, IndexStep)
	return open(ctx, store, manifest.Spec.Input, manifest.Input.FormatVersion, step)
}

func open(ctx context.Context, store storage.Store, spec job.InputSpec, version int, step int64) (Input, error) {
	if spec.Count != nil {
		return Count(*spec.Count), nil
	}
	format, err := formatOf(spec.ResolvedFormat(), version)
	if err != nil {
		return nil, err
	}
	object, err := store.Open(ctx, spec.URI)
	if err != nil {
		return nil, err
	}
	return &File{object: object, uri: spec.URI, format: format, version: version, step: step}, nil
}

// Changed is the error of an input that is not what was indexed.
func Changed(uri string) error {
	return job.Errorf(job.KindInput, uri, "the input has changed since it was indexed").WithHint(changedHint)
}

const changedHint = "bring the old file back, or start a job with another output.uri"
