package input

import (
	"context"
	"io"
	"iter"
	"strconv"
	"time"

	"longhaul/job"
)

// Count is an input without a file: the numbers 0..N-1.
type Count int64

// Index has nothing to write.
func (c Count) Index(context.Context, io.Writer, func(int64)) (job.Fingerprint, error) {
	return job.Fingerprint{Records: int64(c)}, nil
}

// CheckIndex has nothing to check: a count needs no index.
func (c Count) CheckIndex(*Index, job.Fingerprint) error { return nil }

// Records gives the numbers of the range.
func (c Count) Records(_ *Index, r job.Range) iter.Seq2[job.Record, error] {
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
