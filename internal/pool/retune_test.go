package pool

import (
	"context"
	"testing"
	"testing/synctest"
	"time"

	"github.com/stretchr/testify/require"

	"longhaul/job"
)

// control is a change of the grants of lanes 0, 1, ...
func control(version int64, paused bool, grants ...job.LaneGrant) job.Control {
	for i := range grants {
		grants[i].Lane, grants[i].Version = i, version
	}
	return job.Control{Version: version, Paused: paused, Grants: grants}
}

// Fewer calls count at once for new ones, more too; a grant that joins later has
// what the last change gives to its lane.
func TestRetuneChangesTheSharesThatAreHere(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		var b bound
		b.grants.Store(20)
		p := newPool(b.call(time.Second), retries)
		p.Join(job.LaneGrant{Lane: 0, Calls: 10}, nil)
		p.Join(job.LaneGrant{Lane: 1, Calls: 10}, nil)
		var kept results
		ended := make(chan error)
		go func() { ended <- p.Run(t.Context(), t.Context(), How{}, records(100), &kept) }()
		synctest.Wait()
		require.EqualValues(t, 20, b.inFlight.Load())
		p.Retune(control(1, false, job.LaneGrant{Calls: 2}, job.LaneGrant{Calls: 1}, job.LaneGrant{Calls: 4}))
		<-time.After(1500 * time.Millisecond)
		require.EqualValues(t, 3, b.inFlight.Load())
		p.Join(job.LaneGrant{Lane: 2, Calls: 10}, nil)
		p.Retune(control(1, false, job.LaneGrant{Calls: 90})) // known already
		synctest.Wait()
		require.EqualValues(t, 7, b.inFlight.Load(), "lane 2 has what the change says")
		p.Join(job.LaneGrant{Lane: 3, Version: 2, Calls: 5}, nil)
		synctest.Wait()
		require.EqualValues(t, 12, b.inFlight.Load(), "a grant of a later version counts as it is")
		p.Retune(control(3, false, job.LaneGrant{Calls: 5}, job.LaneGrant{Calls: 5}, job.LaneGrant{Calls: 5}, job.LaneGrant{Calls: 5}))
		synctest.Wait()
		require.EqualValues(t, 20, b.inFlight.Load())
		require.False(t, b.exceeded.Load())
		require.NoError(t, <-ended)
	})
}

func TestPauseStartsNoCall(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		var b bound
		b.grants.Store(5)
		p := newPool(b.call(time.Second), retries)
		p.Join(job.LaneGrant{Calls: 5}, nil)
		p.Retune(control(1, true, job.LaneGrant{Calls: 5}))
		var kept results
		ended := make(chan error)
		go func() { ended <- p.Run(t.Context(), t.Context(), How{}, records(10), &kept) }()
		<-time.After(time.Hour)
		require.Zero(t, b.inFlight.Load())
		p.Retune(control(2, false, job.LaneGrant{Calls: 5}))
		require.NoError(t, <-ended)
		require.Len(t, kept.kept, 10)
	})
}

// A lane without calls is closed, now and for the one who joins it later.
func TestAClosedLane(t *testing.T) {
	t.Parallel()
	p := newPool(nil, retries)
	first, second := p.Join(job.LaneGrant{Lane: 0, Calls: 5}, nil), p.Join(job.LaneGrant{Lane: 1, Calls: 5}, nil)
	p.Retune(control(1, false, job.LaneGrant{Calls: 1}, job.LaneGrant{}))
	<-second.Closed()
	<-p.Join(job.LaneGrant{Lane: 1, Calls: 5}, nil).Closed()
	select {
	case <-first.Closed():
		require.Fail(t, "it has a call")
	default:
	}
	second.Leave()
	require.Equal(t, 1, p.capacity)
}

// Without a rate there is none either while a closed lane is still here, and with
// one it stays in force until the last of its calls has gone.
func TestAClosedLaneDoesNotHoldUpTheOthers(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		var s starts
		p := newPool(&s, retries)
		p.Join(job.LaneGrant{Lane: 0, Calls: 5}, nil)
		p.Join(job.LaneGrant{Lane: 1, Calls: 5}, nil)
		p.Retune(control(1, false, job.LaneGrant{Calls: 1}, job.LaneGrant{}))
		began := time.Now()
		require.NoError(t, p.Run(t.Context(), t.Context(), How{}, records(100), &results{}))
		require.Zero(t, time.Since(began))
	})
	synctest.Test(t, func(t *testing.T) {
		var s starts
		p := newPool(&s, retries)
		p.Join(job.LaneGrant{Lane: 0, Calls: 5, Rate: 10, Pool: p.ID()}, nil)
		closed := p.Join(job.LaneGrant{Lane: 1, Calls: 5, Rate: 10, Pool: p.ID()}, nil)
		p.Retune(control(1, false, job.LaneGrant{}, job.LaneGrant{}))
		ended := make(chan error)
		stop, cancel := context.WithCancel(t.Context())
		go func() { ended <- p.Run(t.Context(), stop, How{}, records(10), &results{}) }()
		<-time.After(time.Minute)
		require.Zero(t, s.count())
		p.Retune(control(2, false, job.LaneGrant{Calls: 1}, job.LaneGrant{}))
		closed.Leave()
		require.NoError(t, <-ended, "the waiting ones hear of it")
		cancel()
		require.Equal(t, 10, s.count())
	})
}

// From no limit to a rate, to another one, and back.
func TestTheRateIsRetuned(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		var s starts
		p := newPool(&s, retries)
		p.Join(job.LaneGrant{Calls: 1}, nil)
		p.Retune(control(1, false, job.LaneGrant{Calls: 1, Rate: 10}))
		began := time.Now()
		require.NoError(t, p.Run(t.Context(), t.Context(), How{}, records(100), &results{}))
		require.InDelta(t, 10, time.Since(began).Seconds(), 0.5)
		ended := make(chan error)
		go func() { ended <- p.Run(t.Context(), t.Context(), How{}, records(1000), &results{}) }()
		<-time.After(10 * time.Second)
		p.Retune(control(2, false, job.LaneGrant{Calls: 1, Rate: 50}))
		began = time.Now()
		<-time.After(10 * time.Second)
		p.Retune(control(3, false, job.LaneGrant{Calls: 1}))
		require.NoError(t, <-ended)
		require.InDelta(t, 10, time.Since(began).Seconds(), 0.1, "without a rate the rest takes no time")
		require.InDelta(t, 10+9*50, s.between(began, began.Add(9999*time.Millisecond)), 20, "a higher rate counts after a second")
	})
}

func (s *starts) between(from, to time.Time) int {
	n := 0
	for _, at := range s.at {
		if !at.Before(from) && at.Before(to) {
			n++
		}
	}
	return n
}

func TestWhatLimitsAPool(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		var b bound
		p := newPool(b.call(time.Hour), retries)
		p.Join(job.LaneGrant{Calls: 5}, nil)
		require.Equal(t, job.BottleneckInterval, p.Bottleneck())
		ended := make(chan error)
		go func() { ended <- p.Run(t.Context(), t.Context(), How{}, records(10), &results{}) }()
		synctest.Wait()
		require.Equal(t, job.BottleneckParallelism, p.Bottleneck())
		p.Brake(time.Minute)
		require.Equal(t, job.BottleneckAPI, p.Bottleneck())
		require.NoError(t, <-ended)
	})
}

// What an earlier run of the workflow left says nothing to this one's chunks.
func TestAnEarlierRunsControlDoesNotCount(t *testing.T) {
	t.Parallel()
	p := newPool(nil, retries)
	stale := control(5, true, job.LaneGrant{Calls: 99})
	stale.RunID = "first"
	p.Retune(stale)
	p.Join(job.LaneGrant{RunID: "second", Calls: 3}, nil)
	require.Equal(t, 3, p.capacity)
	require.False(t, p.control.Paused)
	p.Retune(stale)
	require.Equal(t, 3, p.capacity)
	require.False(t, p.control.Paused)
	fresh := control(1, false, job.LaneGrant{Calls: 7})
	fresh.RunID = "second"
	p.Retune(fresh)
	require.Equal(t, 7, p.capacity)
	later := control(3, false, job.LaneGrant{Calls: 9})
	later.RunID = "second"
	p.Retune(later)
	older := control(2, true, job.LaneGrant{Calls: 7})
	older.RunID = "second"
	p.Retune(older)
	require.Equal(t, 9, p.capacity)
	require.False(t, p.control.Paused, "an older change does not replace a later one")
}
