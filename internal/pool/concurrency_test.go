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
	refuses  bool
	latency  func() time.Duration
	served   []int
	refused  int
}

// caller counts what is served for one of the workers.
func (a *narrowAPI) caller(worker int) callerFunc {
	for len(a.served) <= worker {
		a.served = append(a.served, 0)
	}
	return func(context.Context, job.Record) (json.RawMessage, error) {
		a.mu.Lock()
		if a.refuses && a.serving >= a.capacity {
			a.refused++
			a.mu.Unlock()
			<-time.After(time.Millisecond)
			return nil, &job.CallError{Kind: "http", Status: 429, Retry: true, Throttled: true}
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
	p := newPool(a.caller(worker), retries)
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
		refuses bool
		latency func() time.Duration
		mean    float64
	}{
		"queues, steady": {false, steady, 0.1}, "queues, varied": {false, varied, 0.1133},
		"refuses, steady": {true, steady, 0.1}, "refuses, varied": {true, varied, 0.1133},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			synctest.Test(t, func(t *testing.T) {
				a := &narrowAPI{capacity: 400, refuses: c.refuses, latency: c.latency}
				p := startAdaptive(t, a, 0)
				for _, capacity := range []int{400, 200, 400} {
					a.widen(capacity)
					_, _, refusedFirst := a.perSecond(25)
					_, now, refused := a.perSecond(10)
					part := now * c.mean / float64(capacity)
					t.Logf("%s, %d at once: %.2f of the best, %.2f %% and then %.3f %% refused, %+v", name, capacity, part, 100*refusedFirst, 100*refused, *p.Concurrency())
					require.GreaterOrEqual(t, part, 0.9, name)
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
		"refuses, steady": {refuses: true, latency: steady}, "refuses, varied": {refuses: true, latency: varied},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			synctest.Test(t, func(t *testing.T) {
				a.capacity = 400
				startAdaptive(t, a, 0)
				a.perSecond(30)
				startAdaptive(t, a, 1)
				a.perSecond(30)
				each, all, refused := a.perSecond(120)
				t.Logf("%s: %.0f and %.0f calls/s, %.2f %% refused", name, each[0], each[1], 100*refused)
				require.Greater(t, min(each[0], each[1])/all, 0.3, name)
				require.Less(t, refused, 0.01, name)
			})
		})
	}
}
