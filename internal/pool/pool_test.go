package pool

import (
	"context"
	"encoding/json"
	"errors"
	"iter"
	"sync"
	"sync/atomic"
	"testing"
	"testing/synctest"
	"time"

	"github.com/stretchr/testify/require"
	"pgregory.net/rapid"

	"longhaul/calls"
	"longhaul/job"
)

type callerFunc func(ctx context.Context, record job.Record) (json.RawMessage, error)

func (f callerFunc) Call(ctx context.Context, record job.Record) (job.Answer, error) {
	output, err := f(ctx, record)
	return job.Answer{Output: output}, err
}

func newPool(caller calls.Caller, retry job.RetrySpec) *Pool {
	return New(caller, Options{Retry: retry})
}

func records(n int64) iter.Seq2[job.Record, error] {
	return func(yield func(job.Record, error) bool) {
		for i := range n {
			if !yield(job.Record{Index: i}, nil) {
				return
			}
		}
	}
}

// results keeps what Run hands over.
type results struct {
	mu    sync.Mutex
	kept  []job.Result
	marks []job.Mark
}

func (r *results) Mark(mark job.Mark) error {
	r.mu.Lock()
	defer r.mu.Unlock()
	r.marks = append(r.marks, mark)
	return nil
}

func (r *results) Keep(result job.Result) error {
	r.mu.Lock()
	defer r.mu.Unlock()
	r.kept = append(r.kept, result)
	return nil
}

var retries = job.DefaultSpec().Retry

// bound counts calls in flight against the grants that are here: joined, and
// not yet given back by Leave.
type bound struct {
	grants, inFlight atomic.Int64
	exceeded         atomic.Bool
}

func (b *bound) call(d time.Duration) callerFunc {
	return func(context.Context, job.Record) (json.RawMessage, error) {
		if b.inFlight.Add(1) > b.grants.Load() {
			b.exceeded.Store(true)
		}
		defer b.inFlight.Add(-1)
		<-time.After(d)
		return nil, nil
	}
}

// For any order of joins, calls and leaves, the calls in flight never exceed
// the sum of the grants that are out.
func TestThePoolNeverExceedsItsShares(t *testing.T) {
	t.Parallel()
	rapid.Check(t, func(rt *rapid.T) {
		type chunk struct {
			grant   int
			records int64
			start   time.Duration
			donate  bool
		}
		chunks := rapid.SliceOfN(rapid.Custom(func(t *rapid.T) chunk {
			return chunk{
				rapid.IntRange(1, 5).Draw(t, "share"), rapid.Int64Range(0, 20).Draw(t, "records"),
				time.Duration(rapid.IntRange(0, 50).Draw(t, "start")) * time.Millisecond, rapid.Bool().Draw(t, "donate"),
			}
		}), 1, 8).Draw(rt, "chunks")
		latency := time.Duration(rapid.IntRange(1, 20).Draw(rt, "latency")) * time.Millisecond
		synctest.Test(t, func(t *testing.T) {
			var b bound
			p := newPool(b.call(latency), retries)
			var kept results
			var running sync.WaitGroup
			total, donated := int64(0), atomic.Int64{}
			for _, c := range chunks {
				total += c.records
				running.Go(func() {
					<-time.After(c.start)
					grant := job.LaneGrant{Calls: c.grant}
					b.grants.Add(int64(c.grant))
					slot := p.Join(grant, nil)
					if err := p.Run(t.Context(), t.Context(), How{}, records(c.records), &kept); err != nil {
						t.Error(err)
					}
					if c.donate {
						slot.Donate()
						donated.Add(int64(c.grant))
						return
					}
					slot.Leave()
					b.grants.Add(-int64(c.grant))
				})
			}
			running.Wait()
			require.False(t, b.exceeded.Load())
			require.Len(t, kept.kept, int(total))
			require.Zero(t, p.held())
			require.Zero(t, p.capacity)
			require.Zero(t, p.members)
		})
	})
}

// A chunk that waits for one slow record leaves its tokens to its neighbours.
func TestTokensGoToTheNeighbours(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		slow := make(chan struct{})
		p := newPool(callerFunc(func(_ context.Context, record job.Record) (json.RawMessage, error) {
			if record.Value != nil {
				<-slow
				return nil, nil
			}
			<-time.After(time.Second)
			return nil, nil
		}), retries)
		grant := job.LaneGrant{Calls: 10}
		p.Join(grant, nil)
		p.Join(grant, nil)
		var kept results
		go func() {
			one := func(yield func(job.Record, error) bool) { yield(job.Record{Value: json.RawMessage("1")}, nil) }
			_ = p.Run(t.Context(), t.Context(), How{}, one, &kept)
		}()
		synctest.Wait()
		began := time.Now()
		require.NoError(t, p.Run(t.Context(), t.Context(), How{}, records(38), &kept))
		require.Equal(t, 2*time.Second, time.Since(began), "38 records on 19 tokens")
		close(slow)
	})
}

// Leave returns only when the calls in flight fit without the grant.
func TestLeaveWaitsUntilTheCallsFit(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		var b bound
		b.grants.Store(4)
		p := newPool(b.call(time.Second), retries)
		p.Join(job.LaneGrant{Calls: 2}, nil)
		slot := p.Join(job.LaneGrant{Calls: 2}, nil)
		var kept results
		ended := make(chan error)
		go func() { ended <- p.Run(t.Context(), t.Context(), How{}, records(8), &kept) }()
		synctest.Wait()
		require.EqualValues(t, 4, b.inFlight.Load())
		began := time.Now()
		slot.Leave()
		require.Equal(t, time.Second, time.Since(began))
		synctest.Wait()
		require.EqualValues(t, 2, b.inFlight.Load())
		require.NoError(t, <-ended)
	})
}

func TestRateBoundsTheStarts(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		var mu sync.Mutex
		var starts []time.Time
		p := newPool(callerFunc(func(context.Context, job.Record) (json.RawMessage, error) {
			mu.Lock()
			defer mu.Unlock()
			starts = append(starts, time.Now())
			return nil, nil
		}), retries)
		p.Join(job.LaneGrant{Calls: 50, Rate: 20, Pool: p.ID()}, nil)
		p.Join(job.LaneGrant{Calls: 50, Rate: 30, Pool: p.ID()}, nil)
		var kept results
		require.NoError(t, p.Run(t.Context(), t.Context(), How{}, records(500), &kept))
		for i := range starts {
			in := 0
			for _, s := range starts[i:] {
				if s.Sub(starts[i]) < time.Second {
					in++
				}
			}
			require.LessOrEqual(t, in, 50, "starts in a second")
		}
		took := starts[len(starts)-1].Sub(starts[0]).Seconds()
		require.InDelta(t, 10, took, 0.3)
	})
}

// Ten workers do not start ten calls in the first second.
func TestTheFirstStartIsNotFree(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		p := newPool(callerFunc(func(context.Context, job.Record) (json.RawMessage, error) { return nil, nil }), retries)
		p.Join(job.LaneGrant{Calls: 5, Rate: 0.5, Pool: p.ID()}, nil)
		began := time.Now()
		var kept results
		require.NoError(t, p.Run(t.Context(), t.Context(), How{}, records(3), &kept))
		require.InDelta(t, 6, time.Since(began).Seconds(), 0.1)
	})
}

func TestBrakeHoldsEverythingBack(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		p := newPool(callerFunc(func(context.Context, job.Record) (json.RawMessage, error) { return nil, nil }), retries)
		p.Join(job.LaneGrant{Calls: 3}, nil)
		p.Brake(time.Minute)
		p.Brake(time.Second) // the longest counts
		began := time.Now()
		var kept results
		require.NoError(t, p.Run(t.Context(), t.Context(), How{}, records(10), &kept))
		require.Equal(t, time.Minute, time.Since(began))
	})
}

func TestAWaitingCallGivesUpItsPlace(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		p := newPool(nil, retries)
		ctx, cancel := context.WithCancelCause(t.Context())
		reason := errors.New("enough")
		failed := make(chan error)
		line, _ := p.queueUp(0)
		go func() { failed <- (&token{pool: p, line: line}).acquire(ctx, true) }()
		synctest.Wait()
		cancel(reason)
		require.ErrorIs(t, <-failed, reason)
		p.Join(job.LaneGrant{Calls: 1}, nil)
		err := (&token{pool: p, line: line}).acquire(t.Context(), true)
		require.NoError(t, err)
	})
}

// A token that has a waiter for its first wait only does not keep it: the run lends it to the
// next token.
func TestALentWaiterIsUsedOnce(t *testing.T) {
	t.Parallel()
	p := newPool(nil, retries)
	p.Join(job.LaneGrant{Calls: 2}, nil)
	line, _ := p.queueUp(0)
	first := &token{pool: p, line: line, waiter: newWaiter(true)}
	require.NoError(t, first.acquire(t.Context(), true), "without a wait")
	require.Nil(t, first.waiter)
}
