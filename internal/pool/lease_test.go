package pool

import (
	"context"
	"encoding/json"
	"sync/atomic"
	"testing"
	"testing/synctest"
	"time"

	"github.com/stretchr/testify/require"

	"longhaul/job"
)

// Without a renewal no call starts, also no repetition of one; with it, all go on.
func TestNoCallStartsAfterTheLease(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		var made atomic.Int32
		p := newPool(callerFunc(func(_ context.Context, record job.Record) (json.RawMessage, error) {
			<-time.After(time.Second)
			if made.Add(1); record.Index%2 == 1 {
				return nil, &job.CallError{Kind: "http", Status: 500, Retry: true}
			}
			return nil, nil
		}), job.RetrySpec{MaximumAttempts: 2, InitialInterval: job.Duration(time.Second), BackoffCoefficient: 1, MaximumInterval: job.Duration(time.Second)})
		p.Join(job.LaneGrant{Calls: 10})
		lease := NewLease()
		var log results
		ended := make(chan error)
		go func() { ended <- p.Run(t.Context(), t.Context(), How{Lease: lease}, records(40), &log) }()
		<-time.After(time.Minute)
		require.Zero(t, made.Load(), "it has not begun")
		require.Zero(t, p.held())

		lease.Renew(time.Now().Add(1500 * time.Millisecond))
		<-time.After(time.Minute)
		require.EqualValues(t, 20, made.Load(), "two rounds of ten")
		require.Zero(t, p.held(), "who waits for the lease holds no token")
		lease.Renew(time.Now().Add(time.Hour))
		require.NoError(t, <-ended)
		require.Len(t, log.kept, 40)
		require.EqualValues(t, 60, made.Load())
		open := map[int64]int{}
		for _, mark := range log.marks {
			if mark.Back {
				open[mark.Index]--
			} else {
				open[mark.Index]++
			}
		}
		for _, begun := range open {
			require.Equal(t, 1, begun, "each call that was not made is marked as come back")
		}
	})
}

// The end of the run ends the wait for the lease.
func TestTheWaitForTheLeaseEnds(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		p := newPool(&starts{}, retries)
		p.Join(job.LaneGrant{Calls: 10})
		ctx, cancel := context.WithCancel(t.Context())
		ended := make(chan error)
		go func() { ended <- p.Run(t.Context(), ctx, How{Lease: NewLease()}, records(3), &results{}) }()
		synctest.Wait()
		cancel()
		require.ErrorIs(t, <-ended, context.Canceled)
		require.Zero(t, p.held())
	})
}

// A clock that was set forward ends a lease: the machine may have slept. One that was set
// back does not make it longer.
func TestALeaseAsksBothClocks(t *testing.T) {
	t.Parallel()
	now := time.Now()
	lease := NewLease()
	require.False(t, lease.Valid(now))
	lease.Renew(now.Add(time.Minute))
	require.True(t, lease.Valid(now.Add(59*time.Second)))
	require.False(t, lease.Valid(now.Add(time.Minute)))
	wall := time.Unix(0, now.UnixNano()) // has no monotonic clock
	lease.Renew(wall.Add(time.Minute))
	require.True(t, lease.Valid(now))
	require.False(t, lease.Valid(wall.Add(time.Hour)))
	require.True(t, (*Lease)(nil).Valid(now))
}
