package activities

import (
	"context"
	"errors"
	"testing"
	"time"

	"github.com/stretchr/testify/require"
	"go.temporal.io/api/serviceerror"
	"go.temporal.io/sdk/activity"
	"go.temporal.io/sdk/temporal"
	"go.temporal.io/sdk/testsuite"

	"longhaul/job"
)

func TestWhoMayDrain(t *testing.T) {
	t.Parallel()
	for name, c := range map[string]struct {
		cause error
		want  bool
	}{
		"canceled by a user":        {temporal.NewCanceledError(), true},
		"paused by a user":          {activity.ErrActivityPaused, true},
		"nothing is known":          {errNotAcknowledged, false},
		"given to somebody else":    {serviceerror.NewNotFound("activity not found"), false},
		"reset":                     {activity.ErrActivityReset, false},
		"the worker must be gone":   {context.Canceled, false},
		"the attempt took too long": {context.DeadlineExceeded, false},
	} {
		require.Equal(t, c.want, mayDrain(c.cause), name)
	}
}

func TestTheKindDecidesWhetherTemporalRetries(t *testing.T) {
	t.Parallel()
	ctx := t.Context()
	require.NoError(t, toApplicationError(ctx, nil))
	for err, retried := range map[error]bool{
		job.Errorf(job.KindInput, "in", "broken"):    false,
		job.Errorf(job.KindTakenOver, "out", "gone"): false,
		job.Errorf(job.KindStorage, "out", "full"):   true,
		errNotAcknowledged:                           true,
	} {
		var application *temporal.ApplicationError
		require.ErrorAs(t, applicationError(err, activity.Info{Attempt: 3}), &application)
		require.Equal(t, retried, !application.NonRetryable(), err.Error())
		require.Equal(t, err.Error(), application.Message())
		require.Equal(t, 4*time.Second, application.NextRetryDelay())
	}
	var stops *temporal.ApplicationError
	require.ErrorAs(t, toApplicationError(ctx, errWorkerStops), &stops)
	require.False(t, stops.NonRetryable())
	require.Less(t, stops.NextRetryDelay(), time.Second)
	require.Equal(t, longestRetryDelay, retryDelay(1000))
	canceled, cancel := context.WithCancelCause(ctx)
	cancel(temporal.NewCanceledError())
	require.True(t, temporal.IsCanceledError(toApplicationError(canceled, errors.New("any"))))
}

func TestAnUnknownErrorIsRetriedForABoundedTime(t *testing.T) {
	t.Parallel()
	long, short := time.Now().Add(-unknownFor), time.Now()
	require.False(t, triedLongEnough(activity.Info{Attempt: 1, ScheduledTime: short}))
	require.False(t, triedLongEnough(activity.Info{Attempt: unknownAttempts, ScheduledTime: short}), "a quick row of retries")
	require.False(t, triedLongEnough(activity.Info{Attempt: unknownAttempts - 1, ScheduledTime: long}), "few retries of a slow activity")
	require.True(t, triedLongEnough(activity.Info{Attempt: unknownAttempts, ScheduledTime: long}))
}

// The activity itself asks the server's facts, so it runs in an environment.
func TestAnUnknownErrorIsRetriedAtFirst(t *testing.T) {
	t.Parallel()
	var suite testsuite.WorkflowTestSuite
	env := suite.NewTestActivityEnvironment()
	fails := func(ctx context.Context) error { return toApplicationError(ctx, errors.New("anything else")) }
	env.RegisterActivity(fails)
	_, err := env.ExecuteActivity(fails)
	var application *temporal.ApplicationError
	require.ErrorAs(t, err, &application)
	require.Equal(t, string(job.KindUnknown), application.Type())
	require.False(t, application.NonRetryable())
}
