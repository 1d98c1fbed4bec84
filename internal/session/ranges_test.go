package session

import (
	"context"
	"errors"
	"testing"
	"testing/synctest"

	"github.com/stretchr/testify/require"

	"longhaul/job"
)

// Two attempts at the same records never run side by side in one process.
func TestAttemptsAtTheSameRecordsWait(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		var r ranges
		first, err := r.exclusive(t.Context(), job.Range{First: 0, Last: 10})
		require.NoError(t, err)
		beside, err := r.exclusive(t.Context(), job.Range{First: 10, Last: 20})
		require.NoError(t, err, "its neighbour does not wait")
		entered := make(chan func())
		go func() {
			second, err := r.exclusive(t.Context(), job.Range{First: 5, Last: 10})
			if err == nil {
				entered <- second
			}
		}()
		synctest.Wait()
		select {
		case <-entered:
			require.Fail(t, "it did not wait")
		default:
		}
		first()
		(<-entered)()
		beside()

		ctx, cancel := context.WithCancelCause(t.Context())
		reason := errors.New("stop")
		third, err := r.exclusive(t.Context(), job.Range{Last: 1})
		require.NoError(t, err)
		cancel(reason)
		_, err = r.exclusive(ctx, job.Range{Last: 1})
		require.ErrorIs(t, err, reason)
		third()
	})
}
