package pool

import (
	"context"
	"encoding/json"
	"slices"
	"sync"
	"sync/atomic"
	"testing"
	"testing/synctest"
	"time"

	"github.com/stretchr/testify/require"

	"longhaul/job"
)

// starts notes when calls start, in whichever pool.
type starts struct {
	mu sync.Mutex
	at []time.Time
}

func (s *starts) Call(context.Context, job.Record) (job.Answer, error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.at = append(s.at, time.Now())
	return job.Answer{}, nil
}

// requireRate looks at every second.
func (s *starts) requireRate(t *testing.T, rate int) {
	t.Helper()
	slices.SortFunc(s.at, time.Time.Compare)
	for i := range s.at {
		if i+rate < len(s.at) {
			require.GreaterOrEqual(t, s.at[i+rate].Sub(s.at[i]), time.Second, "starts in the second from start %d on", i)
		}
	}
}

// Shares that go to and fro between workers use their rate only once.
func TestARateThatMovesIsNotUsedTwice(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		const rate, lanes, perChunk, chunks = 40, 4, 150, 12
		var s starts
		pools := []*Pool{newPool(&s, retries), newPool(&s, retries)}
		began := time.Now()
		var all sync.WaitGroup
		for lane := range lanes {
			all.Go(func() {
				grant := job.LaneGrant{Calls: 5, Rate: rate / lanes}
				for chunk := range chunks {
					p := pools[(lane+chunk*chunk)%2]
					slot := p.Join(grant, nil)
					if err := p.Run(t.Context(), t.Context(), How{}, records(perChunk), &results{}); err != nil {
						t.Error(err)
					}
					slot.Leave()
					grant.Pool = p.ID()
				}
			})
		}
		all.Wait()
		s.requireRate(t, rate)
		took := time.Since(began).Seconds()
		t.Logf("%.1f %% of the rate", 100*float64(len(s.at))/took/rate)
	})
}

// A start that the limiter has left of an earlier rate is not one of a rate that is not
// used yet.
func TestNoCallStartsWithoutARate(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		const rate = 4
		var s starts
		p := newPool(&s, retries)
		for range 2 {
			joined := time.Now()
			slot := p.Join(job.LaneGrant{Calls: 5, Rate: rate}, nil)
			before := len(s.at)
			require.NoError(t, p.Run(t.Context(), t.Context(), How{}, records(3), &results{}))
			require.GreaterOrEqual(t, s.at[before].Sub(joined), cooldown)
			<-time.After(time.Second)
			slot.Leave()
			<-time.After(3 * time.Second)
		}
	})
}

// A grant that comes back to where it was goes on at once.
func TestARateThatStaysIsUsedInFull(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		const rate, lanes, perChunk, chunks = 200, 8, 500, 10
		var s starts
		p := newPool(&s, retries)
		var all sync.WaitGroup
		for range lanes {
			all.Go(func() {
				grant := job.LaneGrant{Calls: 5, Rate: rate / lanes}
				for chunk := range chunks {
					slot := p.Join(grant, nil)
					if err := p.Run(t.Context(), t.Context(), How{}, records(perChunk), &results{}); err != nil {
						t.Error(err)
					}
					if chunk == chunks-1 {
						slot.Donate() // no chunk follows
						return
					}
					slot.Leave()
					<-time.After(20 * time.Millisecond) // to the server and back
					grant.Pool = p.ID()
				}
			})
		}
		all.Wait()
		s.requireRate(t, rate)
		used := float64(len(s.at)) / s.at[len(s.at)-1].Sub(s.at[0]).Seconds() / rate
		require.Greater(t, used, 0.97)
	})
}

// An isolated call waits for all others of its job in the process, and none begins
// before it has ended. Other jobs go on meanwhile.
func TestAnIsolatedCall(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		var inFlight, company atomic.Int64
		caller := callerFunc(func(_ context.Context, record job.Record) (json.RawMessage, error) {
			others := inFlight.Add(1) - 1
			defer inFlight.Add(-1)
			<-time.After(time.Millisecond)
			if record.Value != nil {
				company.Add(others)
				<-time.After(time.Hour)
				company.Add(inFlight.Load() - 1)
			}
			return nil, nil
		})
		p, other := newPool(caller, retries), newPool(&starts{}, retries)
		p.Join(job.LaneGrant{Calls: 10}, nil)
		other.Join(job.LaneGrant{Calls: 10}, nil)
		ended := make(chan error)
		go func() { ended <- p.Run(t.Context(), t.Context(), How{}, records(30_000), &results{}) }()
		<-time.After(30 * time.Millisecond)
		var log results
		one := func(yield func(job.Record, error) bool) {
			yield(job.Record{Index: 7, Value: json.RawMessage("1")}, nil)
		}
		isolated := make(chan error)
		go func() { isolated <- p.Run(t.Context(), t.Context(), How{Isolated: true}, one, &log) }()
		<-time.After(30 * time.Millisecond)
		began := time.Now()
		require.NoError(t, other.Run(t.Context(), t.Context(), How{}, records(300), &results{}))
		require.Less(t, time.Since(began), time.Hour/2, "another job does not wait for it")
		require.NoError(t, <-isolated)
		require.NoError(t, <-ended)
		require.Zero(t, company.Load())
		require.Equal(t, job.Mark{Index: 7, Alone: true}, log.marks[0])
	})
}

// Calls that wait for the API, with their tokens, keep no call from being isolated.
func TestWhoWaitsIsNotInTheWayOfAnIsolatedCall(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		p := newPool(&starts{}, retries)
		p.Join(job.LaneGrant{Calls: 10, Rate: 0.001, Pool: p.ID()}, nil)
		ctx, cancel := context.WithCancel(t.Context())
		ended := make(chan error)
		go func() { ended <- p.Run(ctx, ctx, How{}, records(20), &results{}) }()
		<-time.After(time.Minute)
		require.Positive(t, p.held())
		require.True(t, p.isolation.TryAcquire(everyCall))
		cancel()
		require.ErrorIs(t, <-ended, context.Canceled)
		require.Zero(t, p.held())
	})
}

// held is how many tokens are not free.
func (p *Pool) held() int {
	p.mu.Lock()
	defer p.mu.Unlock()
	return p.inFlight
}

// The wait for isolation ends with the job.
func TestTheWaitForIsolationEnds(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		p := newPool(&starts{}, retries)
		p.Join(job.LaneGrant{Calls: 10}, nil)
		require.True(t, p.isolation.TryAcquire(1), "a call that does not end")
		ctx, cancel := context.WithCancel(t.Context())
		ended := make(chan error)
		go func() { ended <- p.Run(t.Context(), ctx, How{Isolated: true}, records(1), &results{}) }()
		synctest.Wait()
		cancel()
		require.ErrorIs(t, <-ended, context.Canceled)
		require.Zero(t, p.held())
	})
}

// Every call is marked before it begins, and after it unless there is a result.
func TestCallsAreMarked(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		calls := 0
		p := newPool(callerFunc(func(context.Context, job.Record) (json.RawMessage, error) {
			if calls++; calls == 1 {
				return nil, &job.CallError{Kind: "http", Retry: true}
			}
			return nil, nil
		}), retries)
		p.Join(job.LaneGrant{Calls: 1}, nil)
		var log results
		require.NoError(t, p.Run(t.Context(), t.Context(), How{}, records(1), &log))
		require.Equal(t, []job.Mark{{}, {Back: true}, {}}, log.marks)
	})
}
