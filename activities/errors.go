package activities

import (
	"context"
	"errors"
	"time"

	"go.temporal.io/api/serviceerror"
	"go.temporal.io/sdk/activity"
	"go.temporal.io/sdk/temporal"

	"longhaul/internal/storage"
	"longhaul/job"
)

// errWorkerStops ends an attempt whose worker is being shut down: the rest of
// the chunk is for another one, at once.
var errWorkerStops = errors.New("the worker stops")

// errSettingsLost ends an attempt that does not know the settings in force.
var errSettingsLost = errors.New("the settings cannot be read")

// errLaneClosed ends an attempt whose grant was taken away: its range is for
// another lane.
var errLaneClosed = errors.New("the lane was closed")

// An error whose kind is not known may pass by itself, or be a mistake in our code
// that never does. It is tried again for as long as this, and so many times, then the
// activity fails with it.
const (
	unknownFor      = 5 * time.Minute
	unknownAttempts = 10
)

// toApplicationError turns an error into what Temporal understands: whether to retry
// is decided here, by the error's kind.
func toApplicationError(ctx context.Context, err error) error {
	switch {
	case err == nil:
		return nil
	case errors.Is(err, errWorkerStops):
		return temporal.NewApplicationErrorWithOptions(err.Error(), "WorkerStops",
			temporal.ApplicationErrorOptions{NextRetryDelay: time.Millisecond})
	case ctx.Err() != nil && !errors.Is(context.Cause(ctx), errNotAcknowledged) && !errors.Is(context.Cause(ctx), errSuperseded):
		return canceled(ctx)
	}
	return applicationError(err, activity.GetInfo(ctx))
}

func applicationError(err error, info activity.Info) error {
	kind := job.KindOf(err)
	permanent := kind.Permanent() || kind == job.KindUnknown && triedLongEnough(info)
	delay := retryDelay(info.Attempt)
	if storage.IsFull(err) {
		delay = roomInterval
	}
	return temporal.NewApplicationErrorWithOptions(err.Error(), string(kind), temporal.ApplicationErrorOptions{
		NonRetryable: permanent, NextRetryDelay: delay,
	})
}

// retryDelay grows with the attempts that have failed with an error: from a second to
// half a minute. An attempt whose worker has died is made again at once, by the policy.
func retryDelay(attempt int32) time.Duration {
	return min(longestRetryDelay, time.Second<<min(max(attempt-1, 0), 10))
}

const longestRetryDelay = 30 * time.Second

// triedLongEnough says whether an unknown error of this attempt ends its activity.
func triedLongEnough(info activity.Info) bool {
	return info.Attempt >= unknownAttempts && time.Since(info.ScheduledTime) >= unknownFor
}

// canceled reports a cancel request as such; for every other reason the server
// has given the attempt up already, and an answer would be ignored.
func canceled(ctx context.Context) error {
	var requested *temporal.CanceledError
	if errors.As(context.Cause(ctx), &requested) {
		return requested
	}
	return ctx.Err()
}

// mayDrain says whether the calls in flight of an attempt whose context has
// ended may finish: yes if it was canceled or paused; no if the server has given the
// chunk to somebody else, or may have, or the worker must be gone.
func mayDrain(cause error) bool {
	var requested *temporal.CanceledError
	return errors.As(cause, &requested) || errors.Is(cause, activity.ErrActivityPaused)
}

// isLost says whether the server knows nothing of the attempt any more.
func isLost(cause error) bool {
	var lost *serviceerror.NotFound
	return errors.As(cause, &lost)
}
