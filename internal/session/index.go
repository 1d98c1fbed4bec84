package session

import (
	"context"
	"errors"
	"io"
	"iter"
	"sync/atomic"
	"time"

	"longhaul/internal/input"
	"longhaul/job"
)

// indexState is what this process knows of the index of a job's input.
type indexState struct {
	// lock is held by who checks the index, or writes it again.
	lock chan struct{}
	// whole is when the index was changed last that was found right as a whole; nil if none
	// was.
	whole atomic.Pointer[time.Time]
}

func newIndexState() *indexState { return &indexState{lock: make(chan struct{}, 1)} }

// Records opens the input and its index for one pass over a range. An index that is missing
// or damaged is written again, from the input, as long as that is still the job's.
func (s *Session) Records(ctx context.Context, r job.Range) iter.Seq2[job.Record, error] {
	return func(yield func(job.Record, error) bool) {
		in, err := input.Reopen(ctx, s.store, s.Manifest)
		if err != nil {
			yield(job.Record{}, err)
			return
		}
		defer in.Close()
		if !s.Manifest.Input.Unchanged(in.Size(), in.ModTime()) {
			yield(job.Record{}, input.Changed(s.Manifest.Spec.Input.URI))
			return
		}
		err = s.eachRecord(ctx, in, r, yield)
		if isDamage(err) && s.index.whole.Swap(nil) != nil {
			// It was damaged after it was checked. That is seen before the first record.
			err = s.eachRecord(ctx, in, r, yield)
		}
		if err != nil {
			yield(job.Record{}, err)
		}
	}
}

func (s *Session) eachRecord(ctx context.Context, in input.Input, r job.Range, yield func(job.Record, error) bool) error {
	index, err := s.openIndex(ctx, in)
	if err != nil {
		return err
	}
	if index != nil {
		defer index.Close()
	}
	for record, err := range in.Records(index, r) {
		if err != nil {
			return err
		}
		if !yield(record, nil) {
			break
		}
	}
	return nil
}

// openIndex opens the index, and checks all of it, unless that has gone well before and it
// was not changed since. It is nil for a count, which needs none.
func (s *Session) openIndex(ctx context.Context, in input.Input) (*input.Index, error) {
	if s.Manifest.Spec.Input.Count != nil {
		return nil, nil
	}
	select {
	case s.index.lock <- struct{}{}:
		defer func() { <-s.index.lock }()
	case <-ctx.Done():
		return nil, context.Cause(ctx)
	}
	index, err := s.checkedIndex(ctx, in)
	if !isDamage(err) {
		return index, err
	}
	s.logger.Warn("the index of the input is written again", "error", err)
	if err := s.rewriteIndex(ctx, in); err != nil {
		return nil, err
	}
	return s.checkedIndex(ctx, in)
}

func (s *Session) checkedIndex(ctx context.Context, in input.Input) (*input.Index, error) {
	index, err := s.Output.Index(ctx)
	if err != nil {
		return nil, err
	}
	changed := index.ModTime()
	if whole := s.index.whole.Load(); whole != nil && whole.Equal(changed) {
		return index, nil
	}
	if err := in.CheckIndex(index, s.Manifest.Input); err != nil {
		return nil, errors.Join(err, index.Close())
	}
	s.index.whole.Store(&changed)
	return index, nil
}

func (s *Session) rewriteIndex(ctx context.Context, in input.Input) error {
	return s.Output.PutIndex(ctx, func(w io.Writer) error {
		found, err := in.Index(ctx, w, func(int64) {})
		if err == nil && (found.SHA256 != s.Manifest.Input.SHA256 || found.Records != s.Manifest.Input.Records) {
			err = input.Changed(s.Manifest.Spec.Input.URI)
		}
		return err
	})
}

// isDamage says whether an index is missing, or is not what was written.
func isDamage(err error) bool { return job.KindOf(err) == job.KindOutput }
