package pool

import (
	"context"
	"encoding/json"
	"sync/atomic"
	"testing"
	"testing/synctest"
	"time"

	"github.com/stretchr/testify/require"

	"longhaul/job"
)

// max_failures holds where the calls are made: no more than those in flight come
// after the one too many.
func TestTooManyFailuresEndTheCalls(t *testing.T) {
	t.Parallel()
	for name, c := range map[string]struct {
		limit     job.FailureLimit
		elsewhere job.Totals
		before    job.Totals
		calls     int64
	}{
		"a count":                 {limit: job.FailureLimit{Value: 100}, calls: 101 + 40},
		"none":                    {limit: job.FailureLimit{}, calls: 1 + 40},
		"a percentage":            {limit: job.FailureLimit{Value: 10, Percent: true}, calls: 100 + 40},
		"failures elsewhere":      {limit: job.FailureLimit{Value: 100}, elsewhere: job.Totals{Succeeded: 5, Failed: 90}, calls: 11 + 40},
		"failures of before":      {limit: job.FailureLimit{Value: 100}, before: job.Totals{Failed: 95}, calls: 6 + 40},
		"successes of before too": {limit: job.FailureLimit{Value: 10, Percent: true}, before: job.Totals{Succeeded: 900}, calls: 101 + 40},
	} {
		synctest.Test(t, func(t *testing.T) {
			var calls atomic.Int64
			p := newPool(callerFunc(func(context.Context, job.Record) (json.RawMessage, error) {
				calls.Add(1)
				<-time.After(50 * time.Millisecond)
				return nil, &job.CallError{Kind: "http", Status: 404}
			}), retries)
			p.Join(job.LaneGrant{Calls: 40}, nil)
			p.Tolerate(job.FailureBudget{Limit: c.limit, Before: c.before}, job.LaneGrant{})
			p.CountElsewhere(c.elsewhere)
			var kept results
			err := p.Run(t.Context(), t.Context(), How{}, records(10_000), &kept)
			require.Equal(t, job.KindTooManyFailures, job.KindOf(err), name)
			require.ErrorContains(t, err, "max_failures "+c.limit.String()+" exceeded: ")
			require.LessOrEqual(t, calls.Load(), c.calls, name)
			require.Len(t, kept.kept, int(calls.Load()), "every answer is kept")
		})
	}
}

// Failures of other processes end the calls here, and a limit that is tuned counts.
func TestTheTallyOfOthersAndATune(t *testing.T) {
	t.Parallel()
	p := newPool(nil, retries)
	p.CountElsewhere(job.Totals{Failed: 500})
	require.NoError(t, p.over.Err(), "nobody has said what is tolerated")
	p.Tolerate(job.FailureBudget{Limit: job.FailureLimit{Value: 600}}, job.LaneGrant{})
	require.NoError(t, p.over.Err())
	lower := job.FailureLimit{Value: 499}
	p.Retune(job.Control{Version: 1, MaxFailures: &lower})
	require.Equal(t, job.KindTooManyFailures, job.KindOf(context.Cause(p.over)))
	require.Equal(t, job.Totals{}, p.Counts())
}

// A chunk that was dispatched before a change of settings and starts after it does
// not bring the old limit back.
func TestALateChunkDoesNotBringAnOldLimitBack(t *testing.T) {
	t.Parallel()
	p := newPool(nil, retries)
	higher := job.FailureLimit{Value: 1000}
	p.CountElsewhere(job.Totals{Failed: 500})
	p.Retune(job.Control{RunID: "r", Version: 2, MaxFailures: &higher})
	p.Tolerate(job.FailureBudget{Limit: job.FailureLimit{Value: 100}}, job.LaneGrant{RunID: "r", Version: 1})
	require.NoError(t, p.over.Err())
	p.Tolerate(job.FailureBudget{Limit: job.FailureLimit{Value: 100}}, job.LaneGrant{RunID: "r", Version: 2})
	require.Error(t, p.over.Err())
}
