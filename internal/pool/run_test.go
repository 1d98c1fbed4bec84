package pool

import (
	"context"
	"encoding/json"
	"errors"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"testing/synctest"
	"time"

	"github.com/stretchr/testify/require"

	"longhaul/job"
)

// one runs a single record through a pool.
func one(t *testing.T, retry job.RetrySpec, caller callerFunc) (job.Result, error) {
	t.Helper()
	p := newPool(caller, retry)
	p.Join(job.LaneGrant{Calls: 1}, nil)
	var kept results
	err := p.Run(t.Context(), t.Context(), How{}, records(1), &kept)
	require.Zero(t, p.held())
	if len(kept.kept) == 0 {
		return job.Result{}, err
	}
	return kept.kept[0], err
}

func TestARetryableFailureIsTriedAgain(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		calls := 0
		result, err := one(t, retries, func(context.Context, job.Record) (json.RawMessage, error) {
			if calls++; calls < 3 {
				return nil, &job.CallError{Kind: "http", Status: 503, Retry: true}
			}
			<-time.After(time.Second)
			return json.RawMessage("1"), nil
		})
		require.NoError(t, err)
		require.Nil(t, result.Failure)
		require.Equal(t, 3, result.Attempts)
		require.Equal(t, time.Second, result.Latency, "that of the last call")
	})
}

func TestTheLastAttemptsFailureIsTheResult(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		result, err := one(t, retries, func(context.Context, job.Record) (json.RawMessage, error) {
			return nil, errors.New("no luck")
		})
		require.NoError(t, err, "a failed call is data")
		require.Equal(t, 5, result.Attempts)
		require.Equal(t, "call", result.Failure.Kind)
		require.Equal(t, "no luck", result.Failure.Message)
	})
}

func TestAPermanentFailureIsNotTriedAgain(t *testing.T) {
	t.Parallel()
	result, err := one(t, retries, func(context.Context, job.Record) (json.RawMessage, error) {
		return nil, &job.CallError{Kind: "http", Status: 404}
	})
	require.NoError(t, err)
	require.Equal(t, 1, result.Attempts)
}

// A function's panic is caught where it is called. Any other is a mistake in our code:
// the run ends with it, the other calls are kept, and no record is blamed.
func TestAPanicOfOurOwnCodeEndsTheRun(t *testing.T) {
	t.Parallel()
	for name, c := range map[string]struct {
		panics  func()
		message string
	}{
		"by the runtime": {func() { _ = []int{}[len(t.Name())] }, "panic in Longhaul's own code: runtime error: index out of range"},
		"with a text":    {func() { panic("part of a record") }, "panic in Longhaul's own code: a string; please report it"},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			synctest.Test(t, func(t *testing.T) {
				p := newPool(callerFunc(func(_ context.Context, r job.Record) (json.RawMessage, error) {
					<-time.After(time.Duration(3-r.Index) * time.Second)
					if r.Index == 1 {
						c.panics()
					}
					return nil, nil
				}), retries)
				p.Join(job.LaneGrant{Calls: 2}, nil)
				var kept results
				err := p.Run(t.Context(), t.Context(), How{}, records(9), &kept)
				require.ErrorContains(t, err, "record 1: "+c.message)
				require.NotContains(t, err.Error(), "part of a record", "it goes through Temporal")
				require.ErrorContains(t, err, "run_test.go", "with the stack")
				require.Equal(t, job.KindUnknown, job.KindOf(err), "it is bounded how often that is tried again")
				require.Zero(t, p.inFlight)
				require.NotEmpty(t, kept.kept, "the call beside it")
				require.Less(t, len(kept.kept), 8)
				for _, result := range kept.kept {
					require.NotEqual(t, int64(1), result.Index)
					require.Nil(t, result.Failure)
				}
				require.Contains(t, kept.marks, job.Mark{Index: 1, Back: true}, "it is not suspected of having killed the worker")
			})
		})
	}
}

func TestBackOffHasFullJitter(t *testing.T) {
	t.Parallel()
	retry := job.RetrySpec{InitialInterval: job.Duration(time.Second), BackoffCoefficient: 2, MaximumInterval: job.Duration(4 * time.Second)}
	bounds := []time.Duration{time.Second, 2 * time.Second, 4 * time.Second, 4 * time.Second}
	lowest, highest := make([]time.Duration, len(bounds)), make([]time.Duration, len(bounds))
	for range 2000 {
		b := exponential(retry)
		for i := range bounds {
			wait := fullJitter(b.NextBackOff())
			require.LessOrEqual(t, wait, bounds[i])
			require.GreaterOrEqual(t, wait, time.Duration(0))
			if lowest[i] == 0 || wait < lowest[i] {
				lowest[i] = wait
			}
			highest[i] = max(highest[i], wait)
		}
	}
	for i := range bounds {
		require.Less(t, lowest[i], bounds[i]/20)
		require.Greater(t, highest[i], bounds[i]*19/20)
	}
}

// Tokens are free during back-off.
func TestBackOffHoldsNoToken(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		retry := retries
		retry.InitialInterval, retry.MaximumInterval = job.Duration(time.Hour), job.Duration(time.Hour)
		var failing atomic.Bool
		failing.Store(true)
		p := newPool(callerFunc(func(_ context.Context, record job.Record) (json.RawMessage, error) {
			if record.Index == 0 && failing.Swap(false) {
				return nil, errors.New("later")
			}
			return nil, nil
		}), retry)
		p.Join(job.LaneGrant{Calls: 1}, nil)
		var kept results
		require.NoError(t, p.Run(t.Context(), t.Context(), How{}, records(100), &kept))
		require.Len(t, kept.kept, 100)
		require.Zero(t, kept.kept[99].Index, "the record that waited is the last")
	})
}

func TestRetryAfterBrakesThePool(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		var throttled atomic.Bool
		p := newPool(callerFunc(func(context.Context, job.Record) (json.RawMessage, error) {
			if !throttled.Swap(true) {
				return nil, &job.CallError{Kind: "http", Status: 429, Retry: true, RetryAfter: 30 * time.Second}
			}
			return nil, nil
		}), retries)
		p.Join(job.LaneGrant{Calls: 1}, nil)
		began := time.Now()
		var kept results
		require.NoError(t, p.Run(t.Context(), t.Context(), How{}, records(10), &kept))
		require.GreaterOrEqual(t, time.Since(began), 30*time.Second)
	})
}

// Also when there is no second attempt, and before the next call can start.
func TestRetryAfterCountsOnTheLastAttemptToo(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		p := newPool(callerFunc(func(context.Context, job.Record) (json.RawMessage, error) {
			return nil, &job.CallError{Kind: "http", Status: 429, Retry: true, RetryAfter: time.Minute}
		}), job.RetrySpec{MaximumAttempts: 1})
		p.Join(job.LaneGrant{Calls: 1}, nil)
		began := time.Now()
		var kept results
		require.NoError(t, p.Run(t.Context(), t.Context(), How{}, records(10), &kept))
		require.Equal(t, 9*time.Minute, time.Since(began))
	})
}

// Free tokens are no reason to take a record after a stop.
func TestNoRecordIsTakenAfterAStop(t *testing.T) {
	t.Parallel()
	var calls atomic.Int64
	p := newPool(callerFunc(func(context.Context, job.Record) (json.RawMessage, error) { calls.Add(1); return nil, nil }), retries)
	p.Join(job.LaneGrant{Calls: 1000}, nil)
	stop, cancel := context.WithCancel(t.Context())
	cancel()
	var kept results
	require.ErrorIs(t, p.Run(t.Context(), stop, How{}, records(1000), &kept), context.Canceled)
	require.Zero(t, calls.Load())
}

// stop: no more records, calls in flight end and are kept.
func TestStopDrains(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		p := newPool(callerFunc(func(ctx context.Context, _ job.Record) (json.RawMessage, error) {
			<-time.After(time.Second)
			return nil, ctx.Err()
		}), retries)
		p.Join(job.LaneGrant{Calls: 4}, nil)
		stop, cancel := context.WithCancelCause(t.Context())
		reason := errors.New("the worker stops")
		time.AfterFunc(1500*time.Millisecond, func() { cancel(reason) })
		var kept results
		require.ErrorIs(t, p.Run(t.Context(), stop, How{}, records(100), &kept), reason)
		require.Len(t, kept.kept, 8)
		for _, result := range kept.kept {
			require.Nil(t, result.Failure, "none was cut off")
		}
	})
}

// ctx: calls in flight are cut off, and their answers dropped.
func TestLossCutsOff(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		p := newPool(callerFunc(func(ctx context.Context, _ job.Record) (json.RawMessage, error) {
			<-ctx.Done()
			return nil, ctx.Err()
		}), job.RetrySpec{MaximumAttempts: 1}) // being cut off is nobody's last failure
		p.Join(job.LaneGrant{Calls: 4}, nil)
		ctx, cancel := context.WithCancelCause(t.Context())
		reason := errors.New("given to another worker")
		time.AfterFunc(time.Second, func() { cancel(reason) })
		var kept results
		began := time.Now()
		require.ErrorIs(t, p.Run(ctx, t.Context(), How{}, records(100), &kept), reason)
		require.Equal(t, time.Second, time.Since(began))
		require.Empty(t, kept.kept)
		require.Zero(t, p.held())
	})
}

func TestAnErrorOfTheInputOrTheJournalEndsTheRun(t *testing.T) {
	t.Parallel()
	p := newPool(callerFunc(func(context.Context, job.Record) (json.RawMessage, error) { return nil, nil }), retries)
	p.Join(job.LaneGrant{Calls: 4}, nil)
	broken := errors.New("line 3")
	err := p.Run(t.Context(), t.Context(), How{}, func(yield func(job.Record, error) bool) { yield(job.Record{}, broken) }, nil)
	require.ErrorIs(t, err, broken)
	full := errors.New("disk full")
	err = p.Run(t.Context(), t.Context(), How{}, records(100), fullDisk{err: full})
	require.ErrorIs(t, err, full)
	require.Zero(t, p.held())
}

type fullDisk struct{ err error }

func (d fullDisk) Mark(job.Mark) error   { return nil }
func (d fullDisk) Keep(job.Result) error { return d.err }

// While an API half fails, the records that wait for their next attempt are bounded by
// their bytes, whatever their number; when too many wait, no other record is taken.
func TestWaitingRecordsAreBounded(t *testing.T) {
	t.Parallel()
	for _, size := range []int{10, 1 << 20, 100 << 20} {
		synctest.Test(t, func(t *testing.T) {
			value := json.RawMessage(strings.Repeat("1", size))
			seen := map[int64]bool{}
			var mu sync.Mutex
			var taken, answered atomic.Int64
			p := newPool(callerFunc(func(_ context.Context, record job.Record) (json.RawMessage, error) {
				<-time.After(time.Second)
				mu.Lock()
				defer mu.Unlock()
				if !seen[record.Index] {
					seen[record.Index] = true
					return nil, &job.CallError{Kind: "http", Status: 404, Retry: true}
				}
				answered.Add(1)
				return nil, nil
			}), job.RetrySpec{MaximumAttempts: 3, InitialInterval: job.Duration(time.Hour), BackoffCoefficient: 1, MaximumInterval: job.Duration(time.Hour)})
			const calls = 20
			n := int64(min(20_000, 3*maxWaiting/(size+waitingOverhead)+3*calls))
			p.Join(job.LaneGrant{Calls: calls}, nil)
			var worst int64
			records := func(yield func(job.Record, error) bool) {
				for i := range n {
					worst = max(worst, taken.Add(1)-answered.Load())
					if !yield(job.Record{Index: i, Value: value}, nil) {
						return
					}
				}
			}
			var log results
			require.NoError(t, p.Run(t.Context(), t.Context(), How{}, records, &log))
			require.Len(t, log.kept, int(n))
			most := int64(maxWaiting/min(size+waitingOverhead, maxWaiting)) + calls + 1
			require.LessOrEqual(t, worst, most, "records of %d bytes", size)
			require.GreaterOrEqual(t, worst, min(n, most)*3/4, "others go on meanwhile")
		})
	}
}
