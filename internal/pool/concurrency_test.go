package pool

import (
	"context"
	"encoding/json"
	"math"
	"math/rand/v2"
	"sync"
	"testing"
	"testing/synctest"
	"time"

	"github.com/stretchr/testify/require"

	"longhaul/job"
)

// narrowAPI serves so many calls at once. More wait for their turn, or are refused.
type narrowAPI struct {
	mu       sync.Mutex
	capacity int
	serving  int
	waiting  []chan struct{}
	// refuses is the status of what is refused; 0: it waits.
	refuses int
	latency func() time.Duration
	served  []int
	refused int
}

// caller counts what is served for one of the workers.
func (a *narrowAPI) caller(worker int) callerFunc {
	for len(a.served) <= worker {
		a.served = append(a.served, 0)
	}
	return func(context.Context, job.Record) (json.RawMessage, error) {
		a.mu.Lock()
		if a.refuses != 0 && a.serving >= a.capacity {
			a.refused++
			a.mu.Unlock()
			<-time.After(time.Millisecond)
			return nil, &job.CallError{Kind: "http", Status: a.refuses, Retry: true, Throttled: a.refuses == 429}
		}
		turn := make(chan struct{})
		a.waiting = append(a.waiting, turn)
		a.serve()
		takes := a.latency()
		a.mu.Unlock()
		<-turn
		<-time.After(takes)
		a.mu.Lock()
		defer a.mu.Unlock()
		a.serving--
		a.served[worker]++
		a.serve()
		return nil, nil
	}
}

// serve is called with the lock.
func (a *narrowAPI) serve() {
	for a.serving < a.capacity && len(a.waiting) > 0 {
		close(a.waiting[0])
		a.waiting = a.waiting[1:]
		a.serving++
	}
}

func (a *narrowAPI) widen(capacity int) {
	a.mu.Lock()
	defer a.mu.Unlock()
	a.capacity = capacity
	a.serve()
}

// perSecond is how many calls are served per second from now on, by worker, and what part of
// the calls is refused.
func (a *narrowAPI) perSecond(seconds float64) (each []float64, all, refused float64) {
	count := func() ([]int, int) {
		a.mu.Lock()
		defer a.mu.Unlock()
		return append([]int(nil), a.served...), a.refused
	}
	before, refusedBefore := count()
	<-time.After(time.Duration(seconds * float64(time.Second)))
	after, refusedAfter := count()
	for i := range after {
		each = append(each, float64(after[i]-before[i])/seconds)
		all += each[i]
	}
	return each, all, float64(refusedAfter-refusedBefore) / (all*seconds + float64(refusedAfter-refusedBefore))
}

func steady() time.Duration { return 95*time.Millisecond + rand.N(10*time.Millisecond) }

// varied has a median of 100 ms, and 4 % of the calls take more than 240 ms.
func varied() time.Duration {
	return time.Duration(float64(100*time.Millisecond) * math.Exp(rand.NormFloat64()/2))
}

// startAdaptive has a worker call until the test ends.
func startAdaptive(t *testing.T, a *narrowAPI, worker int) *Pool {
	t.Helper()
	ctx, cancel := context.WithCancel(t.Context())
	ended := make(chan struct{})
	t.Cleanup(func() {
		cancel()
		<-ended
	})
	p := New(a.caller(worker), Options{Retry: retries, Outage: job.DefaultSpec().Outage})
	p.Join(job.LaneGrant{Calls: 1000, Adaptive: true, Least: 4}, nil)
	go func() {
		defer close(ended)
		_ = p.Run(ctx, ctx, How{}, records(1<<40), &results{})
	}()
	return p
}

// The best is as many calls as the API serves at once.
func TestAPoolFindsHowManyCallsTheAPIAnswersWell(t *testing.T) {
	t.Parallel()
	for name, c := range map[string]struct {
		refuses, capacity int
		latency           func() time.Duration
		mean              float64
	}{
		"queues, steady": {0, 400, steady, 0.1}, "queues, varied": {0, 100, varied, 0.1133},
		"refuses, steady": {429, 400, steady, 0.1}, "refuses, varied": {429, 100, varied, 0.1133},
		"busy, steady": {503, 400, steady, 0.1},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			synctest.Test(t, func(t *testing.T) {
				a := &narrowAPI{capacity: c.capacity, refuses: c.refuses, latency: c.latency}
				p := startAdaptive(t, a, 0)
				for _, capacity := range []int{c.capacity, c.capacity / 2, c.capacity} {
					a.widen(capacity)
					_, _, refusedFirst := a.perSecond(25)
					_, now, refused := a.perSecond(10)
					part := now * c.mean / float64(capacity)
					t.Logf("%s, %d at once: %.2f of the best, %.2f %% and then %.3f %% refused, %+v", name, capacity, part, 100*refusedFirst, 100*refused, *p.Concurrency())
					least := 0.9
					if capacity < 100 {
						least = 0.85 // a brake of 200 ms now and then counts for more
					}
					require.GreaterOrEqual(t, part, least, name)
					require.LessOrEqual(t, refusedFirst, 0.01, name)
					require.LessOrEqual(t, refused, 0.01, name)
					require.LessOrEqual(t, p.Concurrency().Calls, 2*capacity+50, name)
				}
			})
		})
	}
}

// The second worker begins when the first has found what there is.
func TestTwoPoolsShareTheAPI(t *testing.T) {
	t.Parallel()
	for name, a := range map[string]*narrowAPI{
		"queues, steady": {latency: steady}, "queues, varied": {latency: varied},
		"refuses, steady": {refuses: 429, latency: steady}, "refuses, varied": {refuses: 429, latency: varied},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			synctest.Test(t, func(t *testing.T) {
				a.capacity = 100
				startAdaptive(t, a, 0)
				a.perSecond(30)
				startAdaptive(t, a, 1)
				a.perSecond(30)
				each, all, refused := a.perSecond(120)
				t.Logf("%s: %.0f and %.0f calls/s, %.2f %% refused", name, each[0], each[1], 100*refused)
				require.Greater(t, min(each[0], each[1])/all, 0.2, name)
				require.Less(t, refused, 0.01, name)
			})
		})
	}
}

func TestAnAdaptiveGrantComesAndGoes(t *testing.T) {
	t.Parallel()
	p := newPool(nil, retries)
	s := p.Join(job.LaneGrant{Calls: 300}, nil)
	now := time.Now()
	require.Nil(t, p.Concurrency(), "the parallelism is fixed")
	require.Equal(t, 300, p.concurrency.allowed(p.capacity, now))
	p.Retune(control(1, false, job.LaneGrant{Calls: 300, Adaptive: true, Least: 4}))
	require.Equal(t, 20, p.Concurrency().Calls)
	require.Equal(t, job.ConcurrencyGrows, p.Concurrency().Reason)
	other := p.Join(job.LaneGrant{Lane: 1, Calls: 300, Adaptive: true, Least: 50}, nil)
	require.Equal(t, 54, p.Concurrency().Calls, "at least what the grants say")
	require.Equal(t, 600, p.Concurrency().Most)
	other.Leave()
	p.Retune(control(2, false, job.LaneGrant{Calls: 7, Adaptive: true, Least: 4}))
	require.Equal(t, job.ConcurrencyMost, p.Concurrency().Reason)
	require.Equal(t, 7, p.Concurrency().Calls, "and no more")
	p.Retune(control(3, false, job.LaneGrant{Calls: 9}))
	require.Nil(t, p.Concurrency())
	s.Leave()
	require.False(t, p.concurrency.isOn())
	require.Zero(t, p.concurrency.least)
}

// A few errors that have nothing to do with the number of calls do not make them fewer.
func TestSomeBusyAnswersAreTolerated(t *testing.T) {
	t.Parallel()
	busy := &job.CallError{Kind: "http", Status: 503, Retry: true}
	for part, fewer := range map[int]bool{100: false, 10: true} {
		c, now := newConcurrency(), time.Unix(1000, 0)
		c.slots.Store(1)
		for i := range 2000 {
			began := now
			now = now.Add(100 * time.Millisecond)
			if i%part == part-1 {
				c.note(busy, began, now, true)
			} else {
				c.note(nil, began, now, true)
			}
		}
		require.Equal(t, fewer, c.reason == job.ConcurrencyBusy, part)
		require.Equal(t, fewer, c.vegas.EstimatedLimit() < firstConcurrency, part)
	}
}
