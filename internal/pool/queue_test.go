package pool

import (
	"context"
	"encoding/json"
	"sync"
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
		p := newPool(callerFunc(func(context.Context, job.Record) (json.RawMessage, error) {
			<-time.After(time.Second)
			return json.RawMessage("1"), nil
		}), retries)
		slot := p.Join(job.LaneGrant{Calls: parallelism}, nil)
		defer slot.Leave()
		began := time.Now()
		ended := map[int64]time.Duration{}
		var runs sync.WaitGroup
		var mu sync.Mutex
		for _, order := range []int64{3, 2, 1} {
			runs.Go(func() {
				if err := p.Run(t.Context(), t.Context(), How{Order: order}, records(perRun), &results{}); err != nil {
					t.Error(err)
				}
				mu.Lock()
				defer mu.Unlock()
				ended[order] = time.Since(began)
			})
			synctest.Wait()
		}
		runs.Wait()
		// The first one had all tokens for a second.
		require.Equal(t, map[int64]time.Duration{1: 11 * time.Second, 2: 21 * time.Second, 3: 30 * time.Second}, ended)
		require.Empty(t, p.waiting.lines)
	})
}
