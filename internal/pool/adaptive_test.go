package pool

import (
	"context"
	"encoding/json"
	"sync"
	"testing"
	"testing/synctest"
	"time"

	"github.com/stretchr/testify/require"
	"golang.org/x/time/rate"

	"longhaul/job"
)

// quota is an API that accepts so many calls or tokens.
type quota struct {
	latency, retryAfter time.Duration
	cost                int
	take                func(now time.Time, n int) bool

	mu                sync.Mutex
	accepted, refused int
}

func (q *quota) Call(context.Context, job.Record) (job.Answer, error) {
	q.mu.Lock()
	ok := q.take(time.Now(), q.cost)
	if ok {
		q.accepted++
	} else {
		q.refused++
	}
	q.mu.Unlock()
	if !ok {
		<-time.After(2 * time.Millisecond)
		return job.Answer{}, &job.CallError{Kind: "http", Status: 429, Retry: true, Throttled: true, RetryAfter: q.retryAfter}
	}
	<-time.After(q.latency)
	return job.Answer{Output: json.RawMessage("1")}, nil
}

// bucket refills all the time.
func bucket(perSecond float64, burst int) func(time.Time, int) bool {
	limiter := rate.NewLimiter(rate.Limit(perSecond), burst)
	return limiter.AllowN
}

// windows counts anew in each period.
func windows(period time.Duration, most int) func(time.Time, int) bool {
	var began time.Time
	used := 0
	return func(now time.Time, n int) bool {
		if now.Sub(began) >= period {
			began, used = now.Truncate(period), 0
		}
		if used+n > most {
			return false
		}
		used += n
		return true
	}
}

// A throttle is no outage and no attempt: the budget is used, few calls are
// refused, and no record fails.
func TestAThrottledAPIIsUsedInFull(t *testing.T) {
	t.Parallel()
	for name, c := range quotas() {
		requireQuotaUsed(t, name, c, func() *Pool { return canaryPool(c.quota, 200) })
	}
}

// A pool that finds its own parallelism bounds calls, not their rate, and so is less exact
// where few calls make the rate.
func TestAnAdaptivePoolUsesAThrottledAPI(t *testing.T) {
	t.Parallel()
	for name, c := range quotas() {
		c.least = min(c.least, 0.6)
		requireQuotaUsed(t, name, c, func() *Pool {
			p := New(c.quota, Options{Retry: retries, Outage: job.DefaultSpec().Outage})
			p.Join(job.LaneGrant{Calls: 200, Adaptive: true, Least: 4}, nil)
			return p
		})
	}
}

type quotaCase struct {
	*quota
	records   int64
	perSecond float64
	// least is the part of the quota that must be used at least, refused that of the calls that
	// may be refused.
	least, refused float64
}

func quotas() map[string]quotaCase {
	return map[string]quotaCase{
		"a bucket of a second":      {&quota{latency: 50 * time.Millisecond, retryAfter: time.Second, cost: 1, take: bucket(100, 100)}, 7430, 100, 0.85, 0.15},
		"a small bucket":            {&quota{latency: 50 * time.Millisecond, retryAfter: time.Second, cost: 1, take: bucket(100, 10)}, 7430, 100, 0.85, 0.15},
		"windows of a second":       {&quota{latency: 50 * time.Millisecond, retryAfter: time.Second, cost: 1, take: windows(time.Second, 100)}, 7430, 100, 0.85, 0.15},
		"a fast API":                {&quota{latency: 2 * time.Millisecond, retryAfter: time.Second, cost: 1, take: windows(time.Second, 100)}, 7430, 100, 0.85, 0.15},
		"a slow API":                {&quota{latency: time.Second, retryAfter: time.Second, cost: 1, take: bucket(100, 100)}, 7430, 100, 0.85, 0.15},
		"without Retry-After":       {&quota{latency: 50 * time.Millisecond, cost: 1, take: bucket(100, 20)}, 7430, 100, 0.85, 0.15},
		"a short job":               {&quota{latency: 50 * time.Millisecond, retryAfter: time.Second, cost: 1, take: windows(time.Second, 100)}, 2000, 100, 0.85, 0.15},
		"tokens of a minute":        {&quota{latency: 300 * time.Millisecond, retryAfter: 2 * time.Second, cost: 100, take: bucket(20_000.0/60, 20_000)}, 1200, 20_000.0 / 60 / 100, 0.9, 0.9},
		"tokens in minute windows":  {&quota{latency: 300 * time.Millisecond, retryAfter: 2 * time.Second, cost: 100, take: windows(time.Minute, 20_000)}, 1200, 20_000.0 / 60 / 100, 0.9, 0.9},
		"a small bucket of tokens":  {&quota{latency: 300 * time.Millisecond, retryAfter: 2 * time.Second, cost: 100, take: bucket(20_000.0/60, 2000)}, 1200, 20_000.0 / 60 / 100, 0.9, 0.9},
		"tokens and long latencies": {&quota{latency: 8 * time.Second, retryAfter: 2 * time.Second, cost: 100, take: bucket(20_000.0/60, 20_000)}, 1200, 20_000.0 / 60 / 100, 0.9, 0.9},
	}
}

func requireQuotaUsed(t *testing.T, name string, c quotaCase, newPool func() *Pool) {
	t.Helper()
	synctest.Test(t, func(t *testing.T) {
		api, p := c.quota, newPool()
		var kept results
		began := time.Now()
		require.NoError(t, p.Run(t.Context(), t.Context(), How{}, records(c.records), &kept), name)
		took := time.Since(began)
		for _, result := range kept.kept {
			require.Nil(t, result.Failure, name)
			require.Equal(t, 1, result.Attempts, name)
		}
		used := float64(c.records) / took.Seconds() / c.perSecond
		refused := float64(api.refused) / float64(api.refused+api.accepted)
		t.Logf("%s: %.0f s, %.2f of the budget used, %.1f %% refused", name, took.Seconds(), used, 100*refused)
		require.GreaterOrEqual(t, used, c.least, name)
		require.LessOrEqual(t, refused, c.refused, name)
		p.Close()
	})
}

// An API that accepts more after a while is used more.
func TestTheRateGrowsWithTheAPI(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		slow, fast := bucket(20, 20), bucket(200, 200)
		began := time.Now()
		api := &quota{latency: 20 * time.Millisecond, cost: 1, take: func(now time.Time, n int) bool {
			if now.Sub(began) < 30*time.Second {
				return slow(now, n)
			}
			return fast(now, n)
		}}
		p := canaryPool(api, 200)
		require.NoError(t, p.Run(t.Context(), t.Context(), How{}, records(10_000), &results{}))
		require.Less(t, time.Since(began), 150*time.Second)
		p.Close()
	})
}

// A record that is refused while all others are answered fails in the end.
func TestARecordThatIsAlwaysRefused(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		p := canaryPool(callerFunc(func(_ context.Context, record job.Record) (json.RawMessage, error) {
			<-time.After(20 * time.Millisecond)
			if record.Index == 7 {
				return nil, &job.CallError{Kind: "http", Status: 429, Retry: true, Throttled: true}
			}
			return nil, nil
		}), 10)
		var kept results
		require.NoError(t, p.Run(t.Context(), t.Context(), How{}, records(50_000), &kept))
		failed := 0
		for _, result := range kept.kept {
			if result.Failure != nil {
				failed++
				require.Zero(t, result.Attempts)
				require.GreaterOrEqual(t, result.Throttled, maxRefused)
			}
		}
		require.Equal(t, 1, failed)
		p.Close()
	})
}

// An API that refuses everything is given up like one that is down.
func TestAnAPIThatRefusesEverything(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		p := New(callerFunc(func(context.Context, job.Record) (json.RawMessage, error) {
			return nil, &job.CallError{Kind: "http", Status: 429, Retry: true, Throttled: true, RetryAfter: 20 * time.Second}
		}), Options{Retry: retries, Outage: outages})
		p.Join(job.LaneGrant{Calls: 5}, nil)
		began := time.Now()
		err := p.Run(t.Context(), t.Context(), How{}, records(100), &results{})
		require.ErrorContains(t, err, "all calls have been refused for 1h0m0s, the last with http 429")
		require.Equal(t, job.KindOutage, job.KindOf(err))
		require.InDelta(t, time.Hour, time.Since(began), float64(time.Minute))
		require.Nil(t, p.outage.wait(), "a throttle is no outage")
	})
}

// A refusal of a call that was in flight when the rate was lowered does not lower it
// again.
func TestALateRefusalBelongsToTheOneBefore(t *testing.T) {
	t.Parallel()
	a, now := newAdaptive(newConcurrency()), time.Unix(1000, 0)
	for range 50 {
		a.begin(now)
	}
	a.refuse(now, now, time.Time{}, 1000)
	a.wait(now.Add(time.Second))
	require.True(t, a.on)
	a.begin(now.Add(time.Second))
	a.refuse(now.Add(time.Millisecond), now.Add(1100*time.Millisecond), time.Time{}, 1000)
	require.True(t, a.refused.IsZero())
	a.refuse(now.Add(1050*time.Millisecond), now.Add(1100*time.Millisecond), time.Time{}, 1000)
	require.False(t, a.refused.IsZero())
}
