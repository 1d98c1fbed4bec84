package pool

import (
	"context"
	"errors"
	"fmt"
	"math/rand/v2"
	"runtime/debug"
	"time"

	"github.com/cenkalti/backoff/v5"

	"longhaul/calls"
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
		err = r.back(record)
		t.release()
		if err != nil {
			return result, err
		}
		if waits == nil {
			waits = fullJitter(r.options.Retry)
		}
		wait := r.options.Retry.InitialInterval.Std()
		if why == countsAsAttempt {
			wait = waits.NextBackOff()
		} else {
			wait = time.Duration(rand.Int64N(int64(wait) + 1)) // the brake, the breaker and the rate space them
		}
		r.backingOff.Add(1)
		err = sleep(r.stop, wait)
		r.backingOff.Add(-1)
		if err == nil {
			err = t.acquire(r.stop, false)
		}
		if err != nil {
			return result, err
		}
	}
}

// attempt makes one call, and says what it counts as. An error means that it was
// not made.
func (r *run) attempt(record job.Record, t *token, first bool) (result job.Result, counts countsAs, err error) {
	end, err := r.begin(t)
	for end == nil && err == nil {
		if err = t.acquire(r.stop, first); err == nil {
			end, err = r.begin(t)
		}
	}
	if err != nil {
		return result, counts, err
	}
	defer end()
	if err := r.log.Mark(job.Mark{Index: record.Index, Alone: r.isolated}); err != nil {
		return result, counts, err
	}
	began := r.canary.enter()
	defer r.canary.leave(began)
	answer, err := callSafely(r.calls, r.caller, record)
	latency := time.Since(began)
	failure := asCallError(err)
	if r.calls.Err() == nil {
		counts = r.note(record, failure, began, first, t.probe)
		t.probe = false
	}
	return job.Result{Record: record, Answer: answer, Failure: failure, Latency: latency, At: began.Add(latency)}, counts, nil
}

// callSafely makes a panic the failure of its record.
func callSafely(ctx context.Context, caller calls.Caller, record job.Record) (answer job.Answer, err error) {
	defer func() {
		if reason := recover(); reason != nil {
			err = &job.CallError{Kind: "panic", Message: fmt.Sprintf("%v\n%s", reason, debug.Stack())}
		}
	}()
	return caller.Call(ctx, record)
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

// fullJitter waits a random time between zero and the exponential bound, as in
// Brooker, "Exponential Backoff And Jitter" (AWS Architecture Blog, 2015). The
// library spreads an interval by ± its factor, so half the bound with factor 1
// is that.
func fullJitter(retry job.RetrySpec) *backoff.ExponentialBackOff {
	b := &backoff.ExponentialBackOff{
		InitialInterval:     retry.InitialInterval.Std() / 2,
		RandomizationFactor: 1,
		Multiplier:          retry.BackoffCoefficient,
		MaxInterval:         retry.MaximumInterval.Std() / 2,
	}
	b.Reset()
	return b
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
