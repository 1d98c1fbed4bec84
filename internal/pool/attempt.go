package pool

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"math/rand" // the simulation seeds it
	"runtime"
	"runtime/debug"
	"time"

	"github.com/cenkalti/backoff/v5"

	"longhaul/job"
)

// answer calls until there is an answer: a success, a failure that no retry
// can fix, or the last attempt's. It is called with the token held, and returns so
// unless there is an error; in between, during backoff, it is not held.
func (r *run) answer(record job.Record, t *token) (job.Result, error) {
	var waits *backoff.ExponentialBackOff
	var made callCounts
	for {
		result, why, err := r.attempt(record, t, made == callCounts{})
		if err != nil {
			return result, err
		}
		made.add(why)
		result.Attempts, result.Throttled, result.Outage = made.attempts, made.throttled, made.outage
		if failure := result.Failure; failure == nil || !failure.Retry ||
			made.attempts >= r.options.Retry.MaximumAttempts || made.refusedBesideSuccesses >= maxRefused {
			return result, nil
		}
		if err = r.back(record); err != nil {
			return result, err
		}
		if waits == nil {
			waits = exponential(r.options.Retry)
		}
		bound := r.options.Retry.InitialInterval.Std() // the brake, the breaker and the rate space them
		if why == countsAsAttempt {
			bound = waits.NextBackOff()
		}
		if err = r.backOff(record, t, fullJitter(bound)); err != nil {
			return result, err
		}
	}
}

// backOff waits for the next attempt at a record. Others have its token meanwhile, unless
// too many wait already: then no other record is taken.
func (r *run) backOff(record job.Record, t *token, wait time.Duration) error {
	r.backingOff.Add(1)
	weight := min(int64(len(record.Value))+waitingOverhead, maxWaiting)
	if !r.waitingRecords.TryAcquire(weight) {
		err := sleep(r.stop, wait)
		r.backingOff.Add(-1)
		return err
	}
	defer r.waitingRecords.Release(weight)
	t.release()
	err := sleep(r.stop, wait)
	r.backingOff.Add(-1)
	if err != nil {
		return err
	}
	return t.acquire(r.stop, false)
}

const (
	// maxWaiting is how many bytes of records of a job may wait in memory for their next
	// attempt, beside those that hold a token.
	maxWaiting = 64 << 20
	// waitingOverhead is what a record that waits needs beside its own bytes: most of it
	// is the stack of its goroutine.
	waitingOverhead = 8 << 10
)

// attempt makes one call, and says what it counts as. An error means that it was
// not made.
func (r *run) attempt(record job.Record, t *token, first bool) (result job.Result, counts countsAs, err error) {
	began, err := r.start(record, t, first)
	if err != nil {
		return result, counts, err
	}
	defer r.ended(began)
	returned := r.stuck.watch(record.Index, began)
	answer, failure, err := r.call(record)
	returned()
	if err != nil {
		_ = r.back(record) // the process has not died of it; the error tells more
		return result, counts, err
	}
	latency := time.Since(began)
	if r.calls.Err() == nil {
		counts = r.note(record, failure, began, first, t.probe)
		t.probe = false
	}
	return job.Result{Record: record, Answer: answer, Failure: failure, Latency: latency, At: began.Add(latency)}, counts, nil
}

// start waits for all that a call needs, and marks it as begun. The lease is looked at
// last: a process that was stopped at any point before must not call. After the call,
// ended is to be called.
func (r *run) start(record job.Record, t *token, first bool) (began time.Time, err error) {
	for {
		begun, err := r.begin(t)
		if err != nil {
			return began, err
		}
		if begun {
			if err := r.log.Mark(job.Mark{Index: record.Index, Alone: r.how.Isolated}); err != nil {
				r.finish()
				return began, err
			}
			if err := r.awaitRate(t); err != nil {
				r.finish()
				return began, cmp.Or(r.back(record), err)
			}
			if began = r.canary.enter(); r.how.Lease.Valid(began) {
				return began, nil
			}
			r.ended(began)
			t.release()
			if err := cmp.Or(r.back(record), r.how.Lease.await(r.stop)); err != nil {
				return began, err
			}
		}
		if err := t.acquire(r.stop, first); err != nil {
			return began, err
		}
	}
}

// ended is for a call that start has let begin.
func (r *run) ended(began time.Time) {
	r.canary.leave(began)
	r.finish()
}

// call makes one call. A panic is one of Longhaul's own code, because a function's is
// its record's failure already: it ends the run, and is no record's fault.
func (r *run) call(record job.Record) (answer job.Answer, failure *job.CallError, err error) {
	defer func() {
		if reason := recover(); reason != nil {
			err = panicError(record, reason)
		}
	}()
	answer, err = r.caller.Call(r.calls, record)
	return answer, asCallError(err), nil
}

// panicError goes through Temporal: of a reason that is not the runtime's, which may
// hold parts of the record, it tells the type only.
func panicError(record job.Record, reason any) error {
	text := fmt.Sprintf("a %T", reason)
	if err, ok := reason.(runtime.Error); ok {
		text = err.Error()
	}
	return job.Errorf(job.KindUnknown, job.Range{First: record.Index, Last: record.Index + 1}.String(), "panic in Longhaul's own code: %s", text).
		WithHint("please report it, with these lines:\n%s", debug.Stack())
}

func asCallError(err error) *job.CallError {
	if err == nil {
		return nil
	}
	var failure *job.CallError
	if errors.As(err, &failure) {
		return failure
	}
	return &job.CallError{Kind: "call", Message: err.Error(), Retry: true}
}

// exponential gives the bounds of the waits before each attempt but the first.
func exponential(retry job.RetrySpec) *backoff.ExponentialBackOff {
	b := &backoff.ExponentialBackOff{
		InitialInterval: retry.InitialInterval.Std(), Multiplier: retry.BackoffCoefficient, MaxInterval: retry.MaximumInterval.Std(),
	}
	b.Reset()
	return b
}

// fullJitter is a random time between zero and the bound, as in Brooker, "Exponential
// Backoff And Jitter" (AWS Architecture Blog, 2015). The library's own jitter cannot be
// seeded.
func fullJitter(bound time.Duration) time.Duration {
	return time.Duration(rand.Int63n(int64(bound) + 1))
}

func sleep(ctx context.Context, d time.Duration) error {
	timer := time.NewTimer(d)
	defer timer.Stop()
	select {
	case <-timer.C:
		return nil
	case <-ctx.Done():
		return context.Cause(ctx)
	}
}
