package pool

import (
	"context"
	"errors"
	"fmt"
	"runtime/debug"
	"time"

	"github.com/cenkalti/backoff/v5"

	"longhaul/job"
)

// Caller makes the slow call for one record.
type Caller interface {
	Call(ctx context.Context, record job.Record) (job.Answer, error)
}

// answer calls until there is an answer: a success, a failure that no retry
// can mend, or the last attempt's. It is called with a token and returns with
// one; in between, during back-off, it has none. On an error it has none either.
func (r *run) answer(record job.Record, t token) (job.Result, error) {
	var waits *backoff.ExponentialBackOff
	left := r.settings.Retry.MaximumAttempts
	for made := 1; ; made++ {
		result, counts, err := r.attempt(record, t, made == 1)
		if err != nil {
			return result, err
		}
		result.Attempts = made
		if counts {
			left--
		}
		if failure := result.Failure; failure == nil || !failure.Retry || left <= 0 {
			return result, nil
		}
		err = r.back(record)
		r.release()
		if err != nil {
			return result, err
		}
		if waits == nil {
			waits = fullJitter(r.settings.Retry)
		}
		r.backingOff.Add(1)
		err = sleep(r.stop, waits.NextBackOff())
		r.backingOff.Add(-1)
		if err == nil {
			t, err = r.acquire(r.stop)
		}
		if err != nil {
			return result, err
		}
	}
}

// attempt makes one call, and says whether it counts as one of the record's
// attempts. An error means that it was not made, and that the token is gone.
func (r *run) attempt(record job.Record, t token, first bool) (result job.Result, counts bool, err error) {
	for {
		began, err := r.begin(r.stop, t, r.alone)
		if err != nil {
			return result, false, err
		}
		if began {
			break
		}
		if t, err = r.acquire(r.stop); err != nil {
			return result, false, err
		}
	}
	defer r.isolation(r.alone).Unlock()
	if err := r.log.Mark(job.Mark{Index: record.Index, Alone: r.alone}); err != nil {
		r.giveBackUnused()
		return result, false, err
	}
	began := time.Now()
	answer, err := callSafely(r.calls, r.caller, record)
	latency := time.Since(began)
	failure := asCallError(err)
	if r.calls.Err() != nil {
		r.outage.abandoned()
	} else {
		counts = r.outage.note(failure, first, t.probe)
	}
	if failure != nil && failure.RetryAfter > 0 {
		// Before the token is free: it would start another call.
		r.Brake(failure.RetryAfter)
	}
	return job.Result{Record: record, Answer: answer, Failure: failure, Latency: latency, At: began.Add(latency)}, counts, nil
}

// callSafely makes a panic the failure of its record.
func callSafely(ctx context.Context, caller Caller, record job.Record) (answer job.Answer, err error) {
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
