package pool

import (
	"context"
	"sync/atomic"
	"testing"
	"testing/synctest"
	"time"
	"unsafe"

	"github.com/stretchr/testify/require"

	"longhaul/job"
)

// longCalls counts calls in flight, each of which lasts as long.
type longCalls struct {
	lasts    time.Duration
	inFlight atomic.Int32
}

func (l *longCalls) Call(context.Context, job.Record) (job.Answer, error) {
	l.inFlight.Add(1)
	defer l.inFlight.Add(-1)
	<-time.After(l.lasts)
	return job.Answer{}, nil
}

// leaseFor is a lease for so long from now.
func leaseFor(d time.Duration) *Lease {
	l := NewLease()
	l.Renew(time.Now().Add(d))
	return l
}

// counted is the capacity of the grants that are valid now.
func (p *Pool) counted() int {
	p.mu.Lock()
	defer p.mu.Unlock()
	p.checkLeases(time.Now())
	return p.capacity
}

// calling makes the calls for so many records, which must go well.
func calling(t *testing.T, p *Pool, lease *Lease, n int64) (ended <-chan error) {
	t.Helper()
	done := make(chan error, 1)
	go func() { done <- p.Run(t.Context(), t.Context(), How{Lease: lease}, records(n), &results{}) }()
	return done
}

// A grant that has lapsed goes once, however often the others are renewed.
func TestAGrantLapsesOnce(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		p := newPool(&starts{}, retries)
		others := leaseFor(time.Hour)
		p.Join(job.LaneGrant{Calls: 5}, leaseFor(time.Second))
		p.Join(job.LaneGrant{Calls: 7}, others)
		<-time.After(2 * time.Second)
		for range 5 {
			others.Renew(time.Now().Add(time.Hour))
			require.Equal(t, 7, p.counted())
		}
	})
}

// A grant whose lease ends before those of the others is not used beyond it, also if it
// was the last to join.
func TestTheLastOneToJoinLapses(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		calls := &longCalls{lasts: time.Second}
		p := newPool(calls, retries)
		others := leaseFor(time.Hour)
		p.Join(job.LaneGrant{Calls: 5}, others)
		ended := calling(t, p, others, 100)
		synctest.Wait()
		p.Join(job.LaneGrant{Calls: 5}, leaseFor(3*time.Second))
		<-time.After(2500 * time.Millisecond)
		require.EqualValues(t, 10, calls.inFlight.Load())
		<-time.After(2 * time.Second)
		require.EqualValues(t, 5, calls.inFlight.Load())
		require.NoError(t, <-ended)
	})
}

// With the renewal the calls go on that have waited for the grant.
func TestARenewalLetsCallsStart(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		calls := &longCalls{lasts: time.Second}
		p := newPool(calls, retries)
		lease := NewLease()
		p.Join(job.LaneGrant{Calls: 5}, lease)
		ended := calling(t, p, nil, 20)
		<-time.After(time.Minute)
		require.Zero(t, calls.inFlight.Load())
		lease.Renew(time.Now().Add(time.Hour))
		require.NoError(t, <-ended)
	})
}

// Who leaves waits until the calls in flight fit into what still counts: a lapsed grant
// does not, and after a renewal it does.
func TestWhoLeavesDoesNotCountALapsedGrant(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		calls := &longCalls{lasts: time.Hour}
		p := newPool(calls, retries)
		lapsing := leaseFor(time.Second)
		p.Join(job.LaneGrant{Calls: 10}, lapsing)
		leaving := p.Join(job.LaneGrant{Calls: 10}, leaseFor(time.Hour))
		ended := calling(t, p, nil, 8)
		<-time.After(time.Minute)
		left := make(chan struct{})
		go func() { leaving.Leave(); close(left) }()
		synctest.Wait()
		select {
		case <-left:
			require.FailNow(t, "eight calls are in flight, and no grant is valid")
		default:
		}
		lapsing.Renew(time.Now().Add(time.Hour))
		synctest.Wait()
		select {
		case <-left:
		default:
			require.FailNow(t, "the calls fit into the grant that was renewed")
		}
		require.NoError(t, <-ended)
	})
}

// A grant that was donated does not end with the chunk that had it.
func TestADonatedGrantIsTheOthers(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		p := newPool(&starts{}, retries)
		others := leaseFor(time.Hour)
		p.Join(job.LaneGrant{Calls: 7}, others)
		p.Join(job.LaneGrant{Calls: 5}, leaseFor(time.Second)).Donate()
		<-time.After(time.Minute)
		others.Renew(time.Now().Add(time.Hour))
		require.Equal(t, 12, p.counted())
	})
}

// What is changed while a grant has lapsed counts from its renewal on.
func TestALapsedGrantIsRetuned(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		p := newPool(&starts{}, retries)
		lease := leaseFor(time.Second)
		s := p.Join(job.LaneGrant{Calls: 5, Rate: 10, RunID: "r", Pool: p.ID()}, lease)
		p.Join(job.LaneGrant{Calls: 1, Rate: 1, Lane: 1, RunID: "r", Pool: p.ID()}, nil)
		<-time.After(time.Minute)
		require.Equal(t, 1, p.counted())
		p.Retune(job.Control{RunID: "r", Version: 1, Grants: []job.LaneGrant{{Calls: 9, Rate: 20}, {Calls: 1, Rate: 1, Lane: 1}}})
		require.Equal(t, 1, p.counted())
		require.Zero(t, s.rateNow())
		lease.Renew(time.Now().Add(time.Hour))
		require.Equal(t, 10, p.counted())
		require.Zero(t, s.rateNow(), "another process may have used it a moment ago")
		<-time.After(cooldown + time.Millisecond)
		require.InDelta(t, 20, s.rateNow(), 0)
	})
}

func (s *Slot) rateNow() float64 {
	s.pool.mu.Lock()
	defer s.pool.mu.Unlock()
	return s.rate
}

// A machine that sleeps stops the monotonic clock, and the wall clock can be set back:
// each of them ends a lease alone.
func TestEachClockEndsALease(t *testing.T) {
	t.Parallel()
	now := time.Now()
	until := now.Add(time.Minute)
	require.True(t, isBefore(now, until))
	// The monotonic reading is the second word of a time that has one.
	ahead := now
	(*struct {
		wall uint64
		ext  int64
	})(unsafe.Pointer(&ahead)).ext += int64(time.Hour)
	require.True(t, ahead.Round(0).Equal(now.Round(0)))
	require.False(t, isBefore(ahead, until), "the wall clock was set back")
	behind := now.Add(time.Hour)
	(*struct {
		wall uint64
		ext  int64
	})(unsafe.Pointer(&behind)).ext -= int64(time.Hour)
	require.Zero(t, behind.Sub(now))
	require.False(t, isBefore(behind, until), "the machine has slept")
}
