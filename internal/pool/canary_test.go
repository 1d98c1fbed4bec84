package pool

import (
	"container/list"
	"context"
	"encoding/json"
	"errors"
	"sync/atomic"
	"testing"
	"testing/synctest"
	"time"

	"github.com/stretchr/testify/require"

	"longhaul/calls"
	"longhaul/job"
)

func canaryPool(caller calls.Caller, parallelism int) *Pool {
	p := New(caller, Options{Retry: retries, Outage: job.DefaultSpec().Outage})
	p.Join(job.LaneGrant{Calls: parallelism}, nil)
	p.StartCanary(20)
	return p
}

// raise makes the value at least n.
func raise(value *atomic.Int64, n int64) {
	for old := value.Load(); n > old && !value.CompareAndSwap(old, n); old = value.Load() {
	}
}

// A wrong key costs twenty calls.
func TestTheFirstCallsAllFailForGood(t *testing.T) {
	t.Parallel()
	for name, failure := range map[string]job.CallError{
		"http 401":  {Kind: "http", Status: 401, Message: "wrong key: secret"},
		"transport": {Kind: "transport", Message: "no such host", Retry: true, Setup: true},
	} {
		var calls, inFlight, most atomic.Int64
		synctest.Test(t, func(t *testing.T) {
			p := canaryPool(callerFunc(func(context.Context, job.Record) (json.RawMessage, error) {
				calls.Add(1)
				raise(&most, inFlight.Add(1))
				defer inFlight.Add(-1)
				<-time.After(50 * time.Millisecond)
				return nil, &failure
			}), 500)
			var kept results
			err := p.Run(t.Context(), t.Context(), How{}, records(10_000), &kept)
			require.Equal(t, job.KindStopped, job.KindOf(err))
			require.ErrorContains(t, err, "the first 20 calls have all failed in a way that no retry can fix (20 × "+name+"), so no other call was made; fix the cause")
			require.NotContains(t, err.Error(), "secret", "what an answer says does not go through Temporal")
			var stop *job.StopError
			require.ErrorAs(t, err, &stop)
			require.Equal(t, failure.Message, stop.Failure.Message)
			if !failure.Retry {
				require.Len(t, kept.kept, 20, "and they are kept")
			}
			p.Close()
		})
		require.EqualValues(t, 20, calls.Load(), name)
		require.EqualValues(t, 20, most.Load(), name)
	}
}

// The first success sets all calls free.
func TestAnExampleThatLives(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		var inFlight, most, made, mostBefore atomic.Int64
		p := canaryPool(callerFunc(func(context.Context, job.Record) (json.RawMessage, error) {
			n := made.Add(1)
			now := inFlight.Add(1)
			defer inFlight.Add(-1)
			raise(&most, now)
			<-time.After(50 * time.Millisecond)
			if n < 20 {
				raise(&mostBefore, now)
				return nil, &job.CallError{Kind: "http", Status: 404}
			}
			return nil, nil
		}), 500)
		require.NoError(t, p.Run(t.Context(), t.Context(), How{}, records(10_000), &results{}))
		require.EqualValues(t, 500, most.Load())
		require.LessOrEqual(t, mostBefore.Load(), int64(20))
		<-p.Proven()
		p.StartCanary(20)
		require.Zero(t, p.canary.limit.Load(), "it has succeeded")
		p.Close()
	})
}

// An API that is down from the beginning is given up after a minute, with few
// calls; one that comes up in time is not.
func TestAnAPIThatIsDownFromTheBeginning(t *testing.T) {
	t.Parallel()
	for _, up := range []time.Duration{0, 50 * time.Second} {
		synctest.Test(t, func(t *testing.T) {
			var calls atomic.Int64
			began := time.Now()
			p := canaryPool(callerFunc(func(context.Context, job.Record) (json.RawMessage, error) {
				calls.Add(1)
				<-time.After(5 * time.Millisecond)
				if up > 0 && time.Since(began) > up {
					return nil, nil
				}
				return nil, &job.CallError{Kind: "http", Status: 500, Retry: true}
			}), 500)
			var early atomic.Int64
			time.AfterFunc(25*time.Second, func() { early.Store(calls.Load()) })
			err := p.Run(t.Context(), t.Context(), How{}, records(10_000), &results{})
			require.Positive(t, early.Load())
			require.LessOrEqual(t, early.Load(), int64(200))
			if up > 0 {
				require.NoError(t, err)
				return
			}
			require.Equal(t, job.KindOutage, job.KindOf(err))
			require.ErrorContains(t, err, "no call has succeeded in the first 1m0s")
			require.ErrorContains(t, err, "× http 500)")
			require.InDelta(t, time.Minute, time.Since(began), float64(10*time.Second))
			require.LessOrEqual(t, calls.Load(), int64(60))
			p.Close()
		})
	}
}

// A call that takes longer than the minute may still be the first success.
func TestASlowFirstCallIsWaitedFor(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		p := canaryPool(callerFunc(func(_ context.Context, record job.Record) (json.RawMessage, error) {
			if record.Index%2 == 0 {
				return nil, errors.New("no luck")
			}
			<-time.After(3 * time.Minute)
			return nil, nil
		}), 10)
		require.NoError(t, p.Run(t.Context(), t.Context(), How{}, records(20), &results{}))
		p.Close()
	})
}

// One that refuses everything from the beginning is given up as well, although all
// calls in flight are refused at the same time.
func TestAnAPIThatRefusesEverythingFromTheBeginning(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		began := time.Now()
		p := canaryPool(callerFunc(func(context.Context, job.Record) (json.RawMessage, error) {
			<-time.After(5 * time.Millisecond)
			return nil, &job.CallError{Kind: "http", Status: 429, Retry: true, Throttled: true, RetryAfter: 2 * time.Second}
		}), 500)
		err := p.Run(t.Context(), t.Context(), How{}, records(10_000), &results{})
		require.ErrorContains(t, err, "no call has succeeded in the first 1m0s")
		require.InDelta(t, time.Minute, time.Since(began), float64(10*time.Second))
		p.Close()
	})
}

// Stopped by an answer, a pool makes no other call.
func TestAnAnswerStopsTheJob(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		var calls atomic.Int64
		p := newPool(callerFunc(func(_ context.Context, record job.Record) (json.RawMessage, error) {
			calls.Add(1)
			<-time.After(time.Second)
			if record.Index == 45 {
				return nil, &job.CallError{Kind: "stop_if", Status: 429, Stop: true, Message: "quota of customer 7"}
			}
			return nil, nil
		}), retries)
		p.Join(job.LaneGrant{Calls: 10}, nil)
		err := p.Run(t.Context(), t.Context(), How{}, records(1000), &results{})
		require.Equal(t, job.KindStopped, job.KindOf(err))
		require.ErrorContains(t, err, "call.http.stop_if: an answer fits it (stop_if 429), so no other call was made")
		require.NotContains(t, err.Error(), "customer")
		require.LessOrEqual(t, calls.Load(), int64(60))
	})
}

// Failures that could pass among those that cannot do not stop the job: the API may
// have been starting.
func TestAMixtureOfFailuresDoesNotStopTheJob(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		var made atomic.Int64
		p := canaryPool(callerFunc(func(context.Context, job.Record) (json.RawMessage, error) {
			n := made.Add(1)
			<-time.After(10 * time.Millisecond)
			switch {
			case n > 80:
				return nil, nil
			case n%2 == 0:
				return nil, &job.CallError{Kind: "http", Status: 404}
			}
			return nil, &job.CallError{Kind: "http", Status: 503, Retry: true}
		}), 50)
		require.NoError(t, p.Run(t.Context(), t.Context(), How{}, records(1000), &results{}))
		p.Close()
	})
}

// The calls of an outage are by turns the first and a later one for their record, if
// such a call waits.
func TestProbesTakeTurns(t *testing.T) {
	t.Parallel()
	p := newPool(nil, retries)
	early, _ := p.queueUp(1)
	late, _ := p.queueUp(2)
	second := p.waiting.push(late, &waiter{first: true})
	first := p.waiting.push(early, &waiter{})
	p.waiting.push(early, &waiter{})
	p.waiting.push(late, &waiter{first: true})
	next := func(probe bool) *list.Element {
		_, place := p.next(probe)
		return place
	}
	require.Equal(t, second, next(true))
	require.Equal(t, first, next(false), "else first come, first served")
	require.Equal(t, first, next(true))
	require.Equal(t, second, next(true))
}
