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

const (
	// worthIsolation is of how many deaths on a record is called with no other call
	// in the process: whoever is in flight then dies of it alone.
	worthIsolation = 2
	// poisonous is how many times a process must have died of a record that was
	// alone in it: the first time may have been an operator's kill.
	poisonous = 2
)

// callSuspects calls the records that a process may have died of before all others:
// those of one death together, then the rest one at a time, the most suspicious
// first. Those that are poison fail without a call.
func (w *work) callSuspects(calls, stop context.Context, suspects []journal.Suspect, log *callLog) error {
	var once []journal.Suspect
	for _, suspect := range suspects {
		one := w.session.Records(calls, job.Range{First: suspect.Index, Last: suspect.Index + 1})
		var err error
		switch {
		case suspect.Alone >= poisonous:
			err = fail(one, suspect, log)
		case suspect.All >= worthIsolation:
			err = w.session.Pool.Run(calls, stop, pool.How{Isolated: true, Lease: w.beat.lease}, one, log)
		default:
			once = append(once, suspect)
		}
		if err != nil {
			return err
		}
	}
	return w.session.Pool.Run(calls, stop, pool.How{Lease: w.beat.lease}, w.records(calls, once), log)
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
