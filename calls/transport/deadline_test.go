package transport

import (
	"context"
	"errors"
	"testing"
	"testing/synctest"
	"time"

	"github.com/stretchr/testify/require"
)

type key struct{}

// Deadline is as context.WithDeadline, whether its channel is asked for or not.
func TestDeadlineIsAsThatOfContext(t *testing.T) {
	t.Parallel()
	reason := errors.New("cut off")
	for name, c := range map[string]struct {
		parentIn, cancelIn time.Duration
		want, cause        error
	}{
		"its own":        {0, 0, context.DeadlineExceeded, context.DeadlineExceeded},
		"the parent's":   {time.Second, 0, context.DeadlineExceeded, context.DeadlineExceeded},
		"it is canceled": {0, time.Second, context.Canceled, reason},
	} {
		for _, asked := range []bool{true, false} {
			t.Run(name, func(t *testing.T) {
				t.Parallel()
				synctest.Test(t, func(t *testing.T) {
					parent, cancel := context.WithCancelCause(context.WithValue(t.Context(), key{}, "value"))
					defer cancel(nil)
					var end context.CancelFunc = func() {}
					ctx := parent
					if c.parentIn > 0 {
						ctx, end = context.WithTimeout(parent, c.parentIn)
					}
					defer end()
					d := WithDeadline(ctx, time.Now().Add(2*time.Second))
					defer d.Release()
					if asked {
						_ = d.Done()
					}
					at, ok := d.Deadline()
					require.True(t, ok)
					require.LessOrEqual(t, time.Until(at), 2*time.Second)
					require.NoError(t, d.Err())
					require.NoError(t, context.Cause(d))
					require.Equal(t, "value", d.Value(key{}))
					if c.cancelIn > 0 {
						time.AfterFunc(c.cancelIn, func() { cancel(reason) })
					}
					<-time.After(3 * time.Second)
					require.ErrorIs(t, d.Err(), c.want)
					<-d.Done()
					require.ErrorIs(t, context.Cause(d), c.cause)
				})
			})
		}
	}
}
