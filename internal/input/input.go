package input

import (
	"context"
	"crypto/sha256"
	"encoding/binary"
	"encoding/hex"
	"errors"
	"io"
	"iter"
	"strconv"
	"time"

	"longhaul/internal/storage"
	"longhaul/job"
)

// IndexStep is how many records lie between two offsets of the index.
const IndexStep = 256

// maxRecordBytes bounds one record, so that memory stays bounded.
const maxRecordBytes = 64 << 20

// Input is a list of records.
type Input interface {
	// Index checks every record and writes the index, which lets Records start
	// anywhere. It reports the number of records so far now and then.
	Index(ctx context.Context, index io.Writer, report func(records int64)) (job.Fingerprint, error)
	// Records gives the records of the range, using an index that Index wrote. With a
	// nil index it reads from the start.
	Records(index io.ReaderAt, r job.Range) iter.Seq2[job.Record, error]
	// Size and ModTime are the quick way to tell that an input has not changed.
	Size() int64
	ModTime() time.Time
	io.Closer
}

// Open opens the input of a spec. The context bounds all that is read of it.
func Open(ctx context.Context, store storage.Store, spec job.InputSpec) (Input, error) {
	if spec.Count != nil {
		return Count(*spec.Count), nil
	}
	object, err := store.Open(ctx, spec.URI)
	if err != nil {
		return nil, err
	}
	return NewFile(object, spec.URI, spec.ResolvedFormat()), nil
}

// File is an input that lies in an object.
type File struct {
	object storage.Object
	uri    string
	format job.Format
}

// NewFile reads records of the format from the object. The uri is for errors.
func NewFile(object storage.Object, uri string, format job.Format) *File {
	return &File{object, uri, format}
}

// scanner gives one record after the other. The value is valid until the next
// call; offset is where its bytes begin in the object. io.EOF ends it.
type scanner interface {
	next() (value []byte, offset int64, err error)
}

// scan starts at offset; the bytes also go to tee, if there is one.
func (f *File) scan(offset int64, tee io.Writer) (scanner, error) {
	source := io.Reader(io.NewSectionReader(f.object, offset, f.object.Size()-offset))
	if tee != nil {
		source = io.TeeReader(source, tee)
	}
	switch f.format {
	case job.FormatCSV:
		return f.scanCSV(source, offset)
	case job.FormatJSONL:
		return &jsonLines{lines: newLines(source, f.uri, offset)}, nil
	case job.FormatLines:
		return &plainLines{lines: newLines(source, f.uri, offset)}, nil
	default:
		return nil, job.Errorf(job.KindSpec, "input.format", "%q is not a format", f.format)
	}
}

// Index checks every record and writes the index: the offsets of records 0,
// IndexStep, 2×IndexStep, ... as 8 bytes each, big endian. It reports the
// number of records so far now and then.
func (f *File) Index(ctx context.Context, index io.Writer, report func(records int64)) (job.Fingerprint, error) {
	digest := sha256.New()
	records, err := f.scan(0, digest)
	if err != nil {
		return job.Fingerprint{}, err
	}
	var count int64
	var entry [8]byte
	for {
		_, offset, err := records.next()
		if errors.Is(err, io.EOF) {
			break
		}
		if err != nil {
			return job.Fingerprint{}, err
		}
		if count%IndexStep == 0 {
			binary.BigEndian.PutUint64(entry[:], uint64(offset))
			if _, err := index.Write(entry[:]); err != nil {
				return job.Fingerprint{}, err
			}
			report(count)
			if ctx.Err() != nil {
				return job.Fingerprint{}, context.Cause(ctx)
			}
		}
		count++
	}
	return job.Fingerprint{
		Records: count, Size: f.object.Size(), Modified: f.object.ModTime(),
		SHA256: hex.EncodeToString(digest.Sum(nil)), IndexStep: IndexStep,
	}, nil
}

// Records gives the records of the range, using an index that Index wrote. A
// nil index reads from the start. It ends with an error when the input is not
// what it was.
func (f *File) Records(index io.ReaderAt, r job.Range) iter.Seq2[job.Record, error] {
	return func(yield func(job.Record, error) bool) {
		if r.Len() <= 0 {
			return
		}
		records, skip, err := f.seek(index, r.First)
		if err != nil {
			yield(job.Record{}, err)
			return
		}
		for i := r.First - skip; i < r.Last; i++ {
			value, _, err := records.next()
			if errors.Is(err, io.EOF) {
				err = Changed(f.uri)
			}
			if err != nil {
				yield(job.Record{}, err)
				return
			}
			if i < r.First {
				continue
			}
			if !yield(job.Record{Index: i, Value: append([]byte(nil), value...)}, nil) {
				return
			}
		}
	}
}

func (f *File) seek(index io.ReaderAt, first int64) (records scanner, skip int64, err error) {
	offset := int64(0)
	skip = first
	if index != nil {
		var entry [8]byte
		if _, err := index.ReadAt(entry[:], first/IndexStep*8); err != nil {
			return nil, 0, job.Errorf(job.KindOutput, "_longhaul/index", "is too short: %w", err).
				WithHint("start the job with another output folder: the index is damaged")
		}
		offset = int64(binary.BigEndian.Uint64(entry[:]))
		skip = first % IndexStep
	}
	records, err = f.scan(offset, nil)
	return records, skip, err
}

// Size and ModTime are the object's when it was opened.
func (f *File) Size() int64 { return f.object.Size() }

// ModTime is when the object was last changed.
func (f *File) ModTime() time.Time { return f.object.ModTime() }

// Close gives the object back.
func (f *File) Close() error { return f.object.Close() }

// Changed is the error of an input that is not what was indexed.
func Changed(uri string) error {
	return job.Errorf(job.KindInput, uri, "the input has changed since it was indexed").
		WithHint("bring the old file back, or start a job with another output.uri")
}

// Count is an input without a file: the numbers 0..N-1.
type Count int64

// Index has nothing to write.
func (c Count) Index(context.Context, io.Writer, func(int64)) (job.Fingerprint, error) {
	return job.Fingerprint{Records: int64(c)}, nil
}

// Records gives the numbers of the range.
func (c Count) Records(_ io.ReaderAt, r job.Range) iter.Seq2[job.Record, error] {
	return func(yield func(job.Record, error) bool) {
		for i := r.First; i < min(r.Last, int64(c)); i++ {
			if !yield(job.Record{Index: i, Value: strconv.AppendInt(nil, i, 10)}, nil) {
				return
			}
		}
	}
}

// Size is 0.
func (c Count) Size() int64 { return 0 }

// ModTime is zero.
func (c Count) ModTime() time.Time { return time.Time{} }

// Close does nothing.
func (c Count) Close() error { return nil }
