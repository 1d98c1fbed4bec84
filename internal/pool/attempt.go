package pool

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"runtime/debug"
	"time"

	"github.com/cenkalti/backoff/v5"

	"longhaul/job"
)

// Caller makes the slow call for one record.
type Caller interface {
	Call(ctx context.Context, record job.Record) (json.RawMessage, error)
}

// answer calls until there is an answer: a success, a failure that no retry
// can mend, or the last attempt's. It is called with a token and returns with
// one; in between, during back-off, it has none. It gives up, without a token,
// when stop is done.
func (p *Pool) answer(ctx, stop context.Context, record job.Record) (job.Result, error) {
	var waits *backoff.ExponentialBackOff
	for attempt := 1; ; attempt++ {
		result := p.attempt(ctx, record)
		result.Attempts = attempt
		failure := result.Failure
		if failure != nil && failure.RetryAfter > 0 {
			// Before the token is free: it would start another call.
			p.Brake(failure.RetryAfter)
		}
		if failure == nil || !failure.Retry || attempt >= p.retry.MaximumAttempts {
			return result, nil
		}
		p.release()
		if waits == nil {
			waits = fullJitter(p.retry)
		}
		if err := sleep(stop, waits.NextBackOff()); err != nil {
			return job.Result{}, err
		}
		if err := p.acquire(stop); err != nil {
			return job.Result{}, err
		}
	}
}

func (p *Pool) attempt(ctx context.Context, record job.Record) job.Result {
	began := time.Now()
	output, err := callSafely(ctx, p.caller, record)
	latency := time.Since(began)
	return job.Result{Record: record, Output: output, Failure: asCallError(err), Latency: latency, At: began.Add(latency)}
}

// callSafely makes a panic the failure of its record.
func callSafely(ctx context.Context, caller Caller, record job.Record) (output json.RawMessage, err error) {
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
