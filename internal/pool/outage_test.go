package pool

import (
	"context"
	"encoding/json"
	"errors"
	"sync"
	"sync/atomic"
	"testing"
	"testing/synctest"
	"time"

	"github.com/stretchr/testify/require"

	"longhaul/job"
)

var outages = job.OutageSpec{
	After: job.Duration(10 * time.Second), ProbeInterval: job.Duration(5 * time.Second), GiveUp: job.Duration(time.Hour),
}

// site is an API that can be down.
type site struct {
	down  atomic.Bool
	mu    sync.Mutex
	calls []time.Time
}

func (s *site) Call(context.Context, job.Record) (job.Answer, error) {
	s.mu.Lock()
	s.calls = append(s.calls, time.Now())
	s.mu.Unlock()
	<-time.After(10 * time.Millisecond)
	if s.down.Load() {
		return job.Answer{}, &job.CallError{Kind: "http", Status: 503, Message: "down", Retry: true}
	}
	return job.Answer{Output: json.RawMessage("1")}, nil
}

// since counts calls from then on.
func (s *site) since(then time.Time) int {
	s.mu.Lock()
	defer s.mu.Unlock()
	n := 0
	for _, at := range s.calls {
		if !at.Before(then) {
			n++
		}
	}
	return n
}

func sitePool(s *site, outage job.OutageSpec) *Pool {
	p := New(s, Options{Retry: retries, Outage: outage})
	p.Join(job.LaneGrant{Calls: 50}, nil)
	return p
}

// While the API is down no record fails, hardly a call is made, and when
// it answers the job goes on.
func TestAnOutageFailsNoRecord(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		api := &site{}
		p := sitePool(api, outages)
		began := time.Now()
		time.AfterFunc(time.Second, func() { api.down.Store(true) })
		time.AfterFunc(20*time.Minute, func() { api.down.Store(false) })
		var kept results
		ended := make(chan error)
		go func() { ended <- p.Run(t.Context(), t.Context(), How{}, records(20_000), &kept) }()

		<-time.After(time.Minute)
		require.Contains(t, p.Waiting(), "waiting for the API: nearly all calls have failed since")
		require.Contains(t, p.Waiting(), "the last with http 503; one call")
		<-time.After(18 * time.Minute)
		probes := api.since(began.Add(2 * time.Minute))
		require.LessOrEqual(t, probes, 30, "the interval grows to a minute or so")
		require.GreaterOrEqual(t, probes, 10)

		require.NoError(t, <-ended)
		require.Less(t, time.Since(began), 25*time.Minute)
		require.Empty(t, p.Waiting())
		require.Len(t, kept.kept, 20_000)
		for _, result := range kept.kept {
			require.Nil(t, result.Failure)
		}
	})
}

// Nobody calls during the outage but the probe.
func TestOneProbeAtATime(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		api := &site{}
		api.down.Store(true)
		p := sitePool(api, outages)
		stop, cancel := context.WithCancel(t.Context())
		ended := make(chan error)
		go func() { ended <- p.Run(t.Context(), stop, How{}, records(1000), &results{}) }()
		<-time.After(30 * time.Second)
		began := time.Now()
		<-time.After(20 * time.Minute)
		api.mu.Lock()
		last := time.Time{}
		for _, at := range api.calls {
			if at.After(began) {
				require.GreaterOrEqual(t, at.Sub(last), 2*time.Second)
				last = at
			}
		}
		api.mu.Unlock()
		cancel()
		require.ErrorIs(t, <-ended, context.Canceled, "waiting for the API ends with a stop")
	})
}

func TestAnOutageThatDoesNotEnd(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		api := &site{}
		api.down.Store(true)
		p := sitePool(api, outages)
		began := time.Now()
		var kept results
		err := p.Run(t.Context(), t.Context(), How{}, records(1000), &kept)
		require.Equal(t, job.KindOutage, job.KindOf(err))
		require.ErrorContains(t, err, "nearly all calls have failed for 1h0m0s, the last with http 503; what was done is kept")
		require.InDelta(t, time.Hour, time.Since(began), float64(5*time.Minute))
		require.Empty(t, kept.kept)
		require.Zero(t, p.held())
	})
}

// What only some calls suffer from is no outage.
func TestSomeFailuresAreNoOutage(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		p := New(callerFunc(func(_ context.Context, record job.Record) (json.RawMessage, error) {
			if record.Index%2 != 0 {
				return nil, errors.New("no luck")
			}
			return nil, nil
		}), Options{Retry: retries, Outage: outages})
		p.Join(job.LaneGrant{Calls: 50}, nil)
		var kept results
		began := time.Now()
		require.NoError(t, p.Run(t.Context(), t.Context(), How{}, records(4000), &kept))
		require.Less(t, time.Since(began), time.Minute)
		failed := 0
		for _, result := range kept.kept {
			if result.Failure != nil {
				failed++
				require.InDelta(t, 6, result.Attempts, 1, "19 of 20 fail by chance now and then")
			}
		}
		require.Equal(t, 2000, failed)
	})
}

// A failure that no retry can fix is an answer: the API is there.
func TestPermanentFailuresAreNoOutage(t *testing.T) {
	t.Parallel()
	p := New(callerFunc(func(context.Context, job.Record) (json.RawMessage, error) {
		return nil, &job.CallError{Kind: "http", Status: 404}
	}), Options{Retry: retries, Outage: outages})
	p.Join(job.LaneGrant{Calls: 50}, nil)
	var kept results
	require.NoError(t, p.Run(t.Context(), t.Context(), How{}, records(1000), &kept))
	require.Len(t, kept.kept, 1000)
}

// A probe that is cut off tells nothing: another one is made.
func TestAProbeThatIsCutOff(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		api := &site{}
		api.down.Store(true)
		p := sitePool(api, outages)
		stop, cancel := context.WithCancel(t.Context())
		ended := make(chan error)
		go func() { ended <- p.Run(stop, t.Context(), How{}, records(100), &results{}) }()
		<-time.After(time.Minute)
		cancel()
		require.ErrorIs(t, <-ended, context.Canceled)
		line, _ := p.queueUp(0)
		defer p.leaveQueue(line)
		probe := &token{pool: p, line: line}
		require.NoError(t, probe.acquire(t.Context(), true))
		require.True(t, probe.probe, "the next one")
		hurried, late := context.WithTimeout(t.Context(), time.Minute)
		defer late()
		require.Error(t, (&token{pool: p, line: line}).acquire(hurried, true), "there is only one")
		probe.release()
		probe.release() // a second time, it does nothing
		api.down.Store(false)
		var kept results
		require.NoError(t, p.Run(t.Context(), t.Context(), How{}, records(100), &kept))
		require.Len(t, kept.kept, 100)
	})
}

// Records that always fail are no outage for ever: each probe is one of their
// attempts.
func TestRecordsThatAlwaysFailEndAnOutage(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		api := &site{}
		api.down.Store(true)
		p := sitePool(api, job.OutageSpec{After: job.Duration(time.Second), ProbeInterval: job.Duration(time.Second), GiveUp: job.Duration(24 * time.Hour)})
		var kept results
		require.NoError(t, p.Run(t.Context(), t.Context(), How{}, records(25), &kept))
		require.Len(t, kept.kept, 25)
	})
}

// A short outage is over a second after the API is back, and calls that come back
// late from before it decide nothing.
func TestAShortOutage(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		o := newOutage(outages, func() {}, func(error) {})
		for i := range 20 {
			require.Equal(t, i < 18, o.note(&job.CallError{Retry: true}, true, false))
		}
		for range 5 {
			o.note(nil, true, false)
			o.note(&job.CallError{Retry: true}, true, false)
		}
		allowed, _ := o.allows(time.Now())
		require.False(t, allowed)
		<-time.After(time.Second)
		allowed, probe := o.allows(time.Now())
		require.True(t, allowed)
		require.True(t, probe)
		allowed, _ = o.allows(time.Now())
		require.False(t, allowed, "there is only one")
		require.True(t, o.note(nil, false, true))
		allowed, probe = o.allows(time.Now())
		require.True(t, allowed)
		require.False(t, probe)
		o.end()
	})
}

// Paused, lowered or without its API, a pool starts no call with a token that was
// given before, and the rate is for them no way around.
func TestCallsThatWaitForTheRateAreHeldBack(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		var s starts
		p := newPool(&s, retries)
		grant := job.LaneGrant{Calls: 50, Rate: 10, Pool: p.ID()}
		p.Join(grant, nil)
		ended := make(chan error)
		go func() { ended <- p.Run(t.Context(), t.Context(), How{}, records(200), &results{}) }()
		<-time.After(3 * time.Second)
		p.Retune(control(1, true, grant))
		synctest.Wait()
		before := s.count()
		<-time.After(time.Minute)
		require.Equal(t, before, s.count())
		p.Retune(control(2, false, grant))
		require.NoError(t, <-ended)
		require.Zero(t, p.held())
	})
}

// Calls that waited for an isolated one do not start all at once.
func TestTheRateHoldsAfterAnIsolatedCall(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		s := &starts{}
		p := newPool(s, retries)
		p.Join(job.LaneGrant{Calls: 100, Rate: 50, Pool: p.ID()}, nil)
		ended := make(chan error)
		go func() { ended <- p.Run(t.Context(), t.Context(), How{}, records(120), &results{}) }()
		<-time.After(200 * time.Millisecond)
		require.NoError(t, p.isolation.Acquire(t.Context(), everyCall))
		<-time.After(time.Second)
		p.isolation.Release(everyCall)
		require.NoError(t, <-ended)
		s.requireRate(t, 50)
	})
}

func (s *starts) count() int {
	s.mu.Lock()
	defer s.mu.Unlock()
	return len(s.at)
}

// An API may answer only the second call for a record, because the first one starts
// the work that the second one asks for. A probe that is always a first call would
// never see that.
func TestFirstCallsThatAlwaysFailAreNoOutage(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		var mu sync.Mutex
		asked := map[int64]bool{}
		p := New(callerFunc(func(_ context.Context, record job.Record) (json.RawMessage, error) {
			<-time.After(time.Millisecond)
			mu.Lock()
			defer mu.Unlock()
			if !asked[record.Index] {
				asked[record.Index] = true
				return nil, &job.CallError{Kind: "retry_if", Status: 200, Message: "pending", Retry: true}
			}
			return json.RawMessage("1"), nil
		}), Options{Retry: retries, Outage: outages})
		p.Join(job.LaneGrant{Calls: 50}, nil)
		began := time.Now()
		var kept results
		require.NoError(t, p.Run(t.Context(), t.Context(), How{}, records(1000), &kept))
		require.Less(t, time.Since(began), time.Minute)
	})
}
