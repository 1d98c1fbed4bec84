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
		p.Join(job.LaneGrant{Calls: 10}, nil)
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
		p.Join(job.LaneGrant{Calls: 10}, nil)
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

// The calls of other chunks do not use a grant whose lease has ended: another process
// may have it. What was donated goes too. After a renewal the grant counts again.
func TestALapsedGrantIsNotUsed(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		var inFlight atomic.Int32
		p := newPool(callerFunc(func(context.Context, job.Record) (json.RawMessage, error) {
			inFlight.Add(1)
			defer inFlight.Add(-1)
			<-time.After(time.Second)
			return nil, nil
		}), retries)
		lapsing, lasting := NewLease(), NewLease()
		lapsing.Renew(time.Now().Add(10 * time.Second))
		lasting.Renew(time.Now().Add(time.Hour))
		stale := p.Join(job.LaneGrant{Calls: 20}, lapsing)
		p.Join(job.LaneGrant{Calls: 3}, nil).Donate()
		own := p.Join(job.LaneGrant{Calls: 10}, lasting)
		ended := make(chan error)
		go func() { ended <- p.Run(t.Context(), t.Context(), How{Lease: lasting}, records(1000), &results{}) }()
		<-time.After(5500 * time.Millisecond)
		require.EqualValues(t, 33, inFlight.Load())
		<-time.After(6 * time.Second)
		require.EqualValues(t, 10, inFlight.Load())
		lapsing.Renew(time.Now().Add(10 * time.Second))
		<-time.After(5250 * time.Millisecond)
		require.EqualValues(t, 30, inFlight.Load())
		<-time.After(10 * time.Second)
		stale.Leave()
		require.EqualValues(t, 10, inFlight.Load())
		require.NoError(t, <-ended)
		own.Leave()
		require.Zero(t, p.capacity)
	})
}

// The rate of a grant whose lease has ended is somebody else's too.
func TestALapsedRateIsNotUsed(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		var s starts
		p := newPool(&s, retries)
		lapsing, lasting := NewLease(), NewLease()
		lapsing.Renew(time.Now().Add(10 * time.Second))
		lasting.Renew(time.Now().Add(time.Hour))
		p.Join(job.LaneGrant{Calls: 20, Rate: 40, Pool: p.ID()}, lapsing)
		p.Join(job.LaneGrant{Calls: 20, Rate: 10, Pool: p.ID()}, lasting)
		began := time.Now()
		require.NoError(t, p.Run(t.Context(), t.Context(), How{Lease: lasting}, records(1000), &results{}))
		var before, after int
		for _, at := range s.at {
			switch since := at.Sub(began); {
			case since < 10*time.Second:
				before++
			case since > 11*time.Second && since < 21*time.Second:
				after++
			}
		}
		require.InDelta(t, 500, before, 10)
		require.InDelta(t, 100, after, 3)
	})
}
