package pool

import (
	"context"
	"encoding/json"
	"fmt"
	"sync/atomic"
	"testing"
	"testing/synctest"
	"time"

	"github.com/stretchr/testify/require"

	"longhaul/job"
)

// stubborn calls of these records do not return before they are told.
func stubborn(release <-chan struct{}, most *atomic.Int64, indexes ...int64) callerFunc {
	var inFlight atomic.Int64
	return func(_ context.Context, r job.Record) (json.RawMessage, error) {
		most.Store(max(most.Load(), inFlight.Add(1)))
		defer inFlight.Add(-1)
		<-time.After(100 * time.Millisecond)
		for _, index := range indexes {
			if r.Index == index {
				<-release
			}
		}
		return nil, nil
	}
}

// A call that does not return keeps its token, is reported one second after its
// timeout, and again when it has returned.
func TestACallThatDoesNotReturnIsStuck(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		release := make(chan struct{})
		var most atomic.Int64
		var said []string
		began := time.Now()
		p := New(stubborn(release, &most, 17, 18), Options{Retry: retries, Timeout: 30 * time.Second, Stuck: func(record int64, since time.Time, returned bool) {
			said = append(said, fmt.Sprintf("%s: %d since %s, returned %t", time.Since(began), record, since.Sub(began), returned))
		}})
		p.Join(job.LaneGrant{Calls: 3}, nil)
		var kept results
		ended := make(chan error)
		go func() { ended <- p.Run(t.Context(), t.Context(), How{}, records(100), &kept) }()

		<-time.After(29 * time.Second)
		synctest.Wait()
		require.Len(t, kept.kept, 98, "the others go on")
		require.Equal(t, 2, p.inFlight, "their tokens are held")
		require.Nil(t, p.Stuck())
		<-time.After(3 * time.Second)
		synctest.Wait()
		require.Equal(t, &job.StuckCalls{Count: 2, Record: 17, Since: began.Add(500 * time.Millisecond), Timeout: job.Duration(30 * time.Second)}, p.Stuck())
		require.ElementsMatch(t, []string{"31.5s: 17 since 500ms, returned false", "31.6s: 18 since 600ms, returned false"}, said)

		said = nil
		close(release)
		require.NoError(t, <-ended)
		require.Nil(t, p.Stuck())
		require.Len(t, said, 2)
		require.ElementsMatch(t, []string{"32s: 17 since 500ms, returned true", "32s: 18 since 600ms, returned true"}, said)
		require.Len(t, kept.kept, 100, "they are counted after all")
		require.LessOrEqual(t, most.Load(), int64(3))
	})
}

func TestACallThatReturnsInTimeIsNotStuck(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		p := New(callerFunc(func(context.Context, job.Record) (json.RawMessage, error) {
			<-time.After(30*time.Second + stuckAfter - 1)
			return nil, nil
		}), Options{Retry: retries, Timeout: 30 * time.Second, Stuck: func(int64, time.Time, bool) { t.Error("it has returned") }})
		p.Join(job.LaneGrant{Calls: 1}, nil)
		require.NoError(t, p.Run(t.Context(), t.Context(), How{}, records(2), &results{}))
	})
}

// A timer may fire while its call returns.
func TestACallThatReturnsWithItsTimerIsNotStuck(t *testing.T) {
	t.Parallel()
	p := New(nil, Options{Timeout: time.Hour, Stuck: func(int64, time.Time, bool) { t.Error("it has returned") }})
	call := &stuckCall{record: 1}
	p.stuck.remove(call)
	p.stuck.add(call)
	require.Nil(t, p.Stuck())
}
