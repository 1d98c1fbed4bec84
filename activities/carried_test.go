package activities_test

import (
	"fmt"
	"net/http"
	"net/http/httptest"
	"strings"
	"sync/atomic"
	"testing"

	"github.com/stretchr/testify/require"

	"longhaul/job"
)

// After a reset, a chunk that the old run has dispatched makes no call and comes back
// unfinished, and one of a batch that is committed makes none either.
func TestAChunkOfAnEarlierTimeMakesNoCall(t *testing.T) {
	t.Parallel()
	s := newSite(t)
	var calls atomic.Int32
	api := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) { fmt.Fprint(w, calls.Add(1)) }))
	t.Cleanup(api.Close)
	s.write("in.txt", strings.Repeat("x\n", 4))
	plan, err := s.index(httpSpec("in.txt", api.URL+"/{{.}}"))
	require.NoError(t, err)
	whole := job.Range{Last: 4}
	carried, err := s.process(plan.Ref, job.Chunk{Range: whole, Grant: job.LaneGrant{Calls: 2, RunID: "the run that was reset"}})
	require.NoError(t, err)
	require.Equal(t, job.Receipt{Range: whole, Unfinished: true}, carried)
	require.Zero(t, calls.Load())

	chunk := job.Chunk{Range: whole, Grant: job.LaneGrant{Calls: 2}}
	receipt, err := s.process(plan.Ref, chunk)
	require.NoError(t, err)
	require.EqualValues(t, 4, calls.Load())
	_, err = s.env.ExecuteActivity(s.act.FlushBatch, plan.Ref, job.Batch{Range: whole, Journals: receipt.Journals})
	require.NoError(t, err)
	again, err := s.process(plan.Ref, chunk)
	require.NoError(t, err)
	require.True(t, again.Committed)
	require.False(t, again.Unfinished)
	require.EqualValues(t, 4, calls.Load())
}
