package workflows

import (
	"testing"

	"github.com/stretchr/testify/require"

	"longhaul/internal/estimate"
)

// What longhaul plan says of chunks and batches is what the workflow does.
func TestAnEstimateCountsAsTheWorkflow(t *testing.T) {
	t.Parallel()
	for _, records := range []int64{0, 1, 99, 1000, 23_456, 100_000} {
		w := &world{records: records}
		env := environment(t, w)
		spec := sleepSpec()
		env.ExecuteWorkflow(BulkCall, spec, State{})
		require.NoError(t, env.GetWorkflowError())
		e := estimate.Of(estimate.Work{Spec: spec, Records: records})
		require.Len(t, w.chunks, int(e.Chunks), "%d records", records)
		require.Len(t, w.batches, int(e.Batches), "%d records", records)
	}
}
