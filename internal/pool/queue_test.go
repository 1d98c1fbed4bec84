package pool

import (
	"context"
	"encoding/json"
	"sync"
	"sync/atomic"
	"testing"
	"testing/synctest"
	"time"

	"github.com/stretchr/testify/require"

	"longhaul/job"
)

// The run with the lowest order gets the tokens, also if it comes later; the others go on
// when all its calls have begun.
func TestAnEarlierRunGetsItsTokensFirst(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		const parallelism, perRun = 10, 100
		var calls atomic.Int64
		p := newPool(callerFunc(func(context.Context, job.Record) (json.RawMessage, error) {
			// No two end at the same time: a run waits for one token at a time.
			<-time.After(time.Second + time.Duration(calls.Add(1)%parallelism)*time.Millisecond)
			return json.RawMessage("1"), nil
		}), retries)
		slot := p.Join(job.LaneGrant{Calls: parallelism}, nil)
		defer slot.Leave()
		began := time.Now()
		ended := map[int64]time.Duration{}
		var runs sync.WaitGroup
		var mu sync.Mutex
		for _, order := range []int64{2, 3, 1} {
			runs.Go(func() {
				if err := p.Run(t.Context(), t.Context(), How{Order: order}, records(perRun), &results{}); err != nil {
					t.Error(err)
				}
				mu.Lock()
				defer mu.Unlock()
				ended[order] = time.Since(began).Round(5 * time.Second)
			})
			synctest.Wait()
		}
		runs.Wait()
		require.Equal(t, map[int64]time.Duration{1: 10 * time.Second, 2: 20 * time.Second, 3: 30 * time.Second}, ended)
		require.Empty(t, p.waiting.lines)
	})
}
