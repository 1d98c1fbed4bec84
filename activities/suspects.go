package activities

import (
	"context"
	"fmt"
	"iter"
	"time"

	"longhaul/internal/journal"
	"longhaul/internal/pool"
	"longhaul/job"
)

// callSuspects calls the records that a process may have died of, after all others: the
// least suspicious first, see groupsOf. Those that are poison fail without a call.
func (w *work) callSuspects(calls, stop context.Context, suspects []journal.Suspect, kills int, log *callLog) error {
	for _, g := range groupsOf(suspects, kills) {
		var err error
		if g.poison {
			err = fail(w.records(calls, g.suspects), g.suspects[0], log)
		} else {
			err = w.session.Pool.Run(calls, stop, pool.How{Isolated: g.isolated, Lease: w.beat.lease, Order: w.chunk.First}, w.records(calls, g.suspects), log)
		}
		if err != nil {
			return err
		}
	}
	return nil
}

// records gives the suspects' records.
func (w *work) records(calls context.Context, suspects []journal.Suspect) iter.Seq2[job.Record, error] {
	return func(yield func(job.Record, error) bool) {
		for _, suspect := range suspects {
			for record, err := range w.session.Records(calls, job.Range{First: suspect.Index, Last: suspect.Index + 1}) {
				if !yield(record, err) {
					return
				}
			}
		}
	}
}

// fail keeps the failure of a poisonous record.
func fail(one iter.Seq2[job.Record, error], suspect journal.Suspect, log *callLog) error {
	for record, err := range one {
		if err != nil {
			return err
		}
		failure := &job.CallError{Kind: "poison", Message: fmt.Sprintf(
			"the worker's process died %d times while it made this call, %d times with no other call in flight", suspect.All, suspect.Alone)}
		if err := log.Keep(job.Result{Record: record, Failure: failure, Attempts: suspect.All, At: time.Now()}); err != nil {
			return err
		}
	}
	return nil
}

// missing leaves out the records that have an answer, and the suspects.
func missing(records iter.Seq2[job.Record, error], answered *journal.Answered, suspects []journal.Suspect) iter.Seq2[job.Record, error] {
	suspected := make(map[int64]bool, len(suspects))
	for _, suspect := range suspects {
		suspected[suspect.Index] = true
	}
	return func(yield func(job.Record, error) bool) {
		for record, err := range records {
			if err == nil && (answered.Has(record.Index) || suspected[record.Index]) {
				continue
			}
			if !yield(record, err) {
				return
			}
		}
	}
}

// noteLast gives the same records, and notes when the last one was taken.
func noteLast(records iter.Seq2[job.Record, error]) (noted iter.Seq2[job.Record, error], last *time.Time) {
	last = new(time.Time)
	return func(yield func(job.Record, error) bool) {
		defer func() { *last = time.Now() }()
		records(yield)
	}, last
}
