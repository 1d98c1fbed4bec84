package input

import (
	"context"
	"crypto/sha256"
	"encoding/hex"
	"errors"
	"fmt"
	"io"
	"iter"
	"time"

	"longhaul/internal/storage"
	"longhaul/job"
)

// errMisplaced: no record can begin at a position, so the index is not that of the
// input.
var errMisplaced = errors.New("no record begins there")

// File is an input that lies in an object.
type File struct {
	object  storage.Object
	uri     string
	format  format
	version int
	// step is how many records lie between two positions of the index.
	step int64
}

// Index checks every record and writes the index: the positions of records 0, step,
// 2×step, ... It reports the number of records so far now and then. The content is read
// once, for the records and the digest.
func (f *File) Index(ctx context.Context, index io.Writer, report func(records int64)) (job.Fingerprint, error) {
	from := &source{object: f.object, uri: f.uri, digest: newDigest()}
	indexSum := sha256.New()
	count, err := f.index(ctx, from, io.MultiWriter(index, indexSum), report)
	if err != nil {
		return job.Fingerprint{}, err
	}
	sum, err := from.sha256()
	if err != nil {
		return job.Fingerprint{}, err
	}
	return job.Fingerprint{
		Records: count, Size: f.object.Size(), Modified: f.object.ModTime(),
		SHA256: sum, IndexStep: f.step, IndexSHA256: hex.EncodeToString(indexSum.Sum(nil)), FormatVersion: f.version,
	}, nil
}

func (f *File) index(ctx context.Context, from *source, index io.Writer, report func(records int64)) (count int64, err error) {
	records, err := f.format.open(from, 0)
	if err != nil {
		return 0, err
	}
	var entry [entryBytes]byte
	for ; ; count++ {
		_, at, err := records.next()
		if errors.Is(err, io.EOF) {
			return count, nil
		}
		if err != nil {
			return count, err
		}
		if count%f.step != 0 {
			continue
		}
		if _, err := index.Write(appendEntry(entry[:0], at)); err != nil {
			return count, err
		}
		report(count)
		if ctx.Err() != nil {
			return count, context.Cause(ctx)
		}
	}
}

// CheckIndex reads a whole index and refuses one that is not the index of the input
// with this fingerprint.
func (f *File) CheckIndex(index *Index, of job.Fingerprint) error {
	from := &source{object: f.object, uri: f.uri}
	return index.check(of, f.step, func(at position) bool { return f.format.contains(from, at) })
}

// Records gives the records of the range, using an index that Index wrote. A nil index
// reads from the start. It ends with an error when the input is not what it was.
func (f *File) Records(index *Index, r job.Range) iter.Seq2[job.Record, error] {
	return func(yield func(job.Record, error) bool) {
		if r.Len() <= 0 {
			return
		}
		records, number, err := f.seek(index, r.First)
		for ; err == nil && number < r.Last; number++ {
			var value []byte
			if value, _, err = records.next(); err != nil {
				err = f.failed(err, index, number)
				break
			}
			if number >= r.First && !yield(job.Record{Index: number, Value: append([]byte(nil), value...)}, nil) {
				return
			}
		}
		if err != nil {
			yield(job.Record{}, err)
		}
	}
}

// seek returns a scanner at the last record before first, or at first, whose position
// is known, and the number of that record.
func (f *File) seek(index *Index, first int64) (records scanner, number int64, err error) {
	from := &source{object: f.object, uri: f.uri}
	if index == nil {
		records, err = f.format.open(from, 0)
		return records, 0, err
	}
	entry := first / f.step
	at, err := index.at(entry)
	if err != nil {
		return nil, 0, err
	}
	if !f.format.contains(from, at) {
		return nil, 0, index.outside(entry)
	}
	records, err = f.format.open(from, at)
	if errors.Is(err, errMisplaced) {
		err = index.damaged("entry %d: %w", entry, err)
	}
	return records, entry * f.step, err
}

// failed names the record in an error of a scanner. A record that was valid when it was
// indexed has changed since.
func (f *File) failed(err error, index *Index, number int64) error {
	if errors.Is(err, io.EOF) {
		return Changed(f.uri)
	}
	var inner *job.Error
	if index == nil || !errors.As(err, &inner) || inner.Kind != job.KindInput {
		return err
	}
	return job.Errorf(job.KindInput, fmt.Sprintf("%s: record %d", f.uri, number),
		"the input has changed since it was indexed: %w", inner.Err).WithHint(changedHint)
}

// Size and ModTime are the object's when it was opened.
func (f *File) Size() int64 { return f.object.Size() }

// ModTime is when the object was last changed.
func (f *File) ModTime() time.Time { return f.object.ModTime() }

// Close gives the object back.
func (f *File) Close() error { return f.object.Close() }
