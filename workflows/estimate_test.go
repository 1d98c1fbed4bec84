package workflows

import (
	"testing"

	"github.com/stretchr/testify/require"

	"longhaul/internal/estimate"
)

// What longhaul plan says of chunks and batches is what the workflow does.
func TestAnEstimateCountsAsTheWorkflow(t *testing.T) {
	t.Parallel()
	for _, c := range []struct {
		records int64
		rate    float64
	}{{0, 0}, {1, 0}, {99, 0}, {1000, 0}, {23_456, 0}, {100_000, 0}, {10_000, 500}, {23_456, 500}} {
		records := c.records
		w := &world{records: records}
		env := environment(t, w)
		spec := sleepSpec()
		spec.Rate = c.rate
		env.ExecuteWorkflow(BulkCall, spec, State{})
		require.NoError(t, env.GetWorkflowError())
		e := estimate.Of(estimate.Work{Spec: spec, Records: records})
		require.Len(t, w.chunks, int(e.Chunks), "%d records", records)
		require.Len(t, w.batches, int(e.Batches), "%d records", records)
	}
}
