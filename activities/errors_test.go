package activities

import (
	"context"
	"errors"
	"testing"

	"github.com/stretchr/testify/require"
	"go.temporal.io/api/serviceerror"
	"go.temporal.io/sdk/activity"
	"go.temporal.io/sdk/temporal"

	"longhaul/job"
)

func TestWhoMayDrain(t *testing.T) {
	t.Parallel()
	for name, c := range map[string]struct {
		cause error
		want  bool
	}{
		"canceled by a user":          {temporal.NewCanceledError(), true},
		"paused by a user":            {activity.ErrActivityPaused, true},
		"the server is away":          {serviceerror.NewUnavailable("connection refused"), true},
		"the server answers too late": {serviceerror.NewDeadlineExceeded("heartbeat"), true},
		"given to somebody else":      {serviceerror.NewNotFound("activity not found"), false},
		"reset":                       {activity.ErrActivityReset, false},
		"the worker must be gone":     {context.Canceled, false},
		"the attempt took too long":   {context.DeadlineExceeded, false},
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
		errors.New("anything else"):                  true,
		errWorkerStops:                               true,
	} {
		var application *temporal.ApplicationError
		require.ErrorAs(t, toApplicationError(ctx, err), &application)
		require.Equal(t, retried, !application.NonRetryable(), err.Error())
		require.Equal(t, err.Error(), application.Message())
	}
	canceled, cancel := context.WithCancelCause(ctx)
	cancel(temporal.NewCanceledError())
	require.True(t, temporal.IsCanceledError(toApplicationError(canceled, errors.New("any"))))
}
