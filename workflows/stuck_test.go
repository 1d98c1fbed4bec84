package workflows

import (
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"longhaul/job"
)

// A worker that has said that a call is stuck, and then died, cannot say that it is
// over: the chunk's return does.
func TestAStuckCallIsOverWithItsChunk(t *testing.T) {
	t.Parallel()
	w := &world{records: 10_000}
	env := environment(t, w)
	spec := sleepSpec()
	spec.ChunkInterval = job.Duration(10 * time.Second)
	progress := func() (p job.Progress) {
		answer, err := env.QueryWorkflow(job.QueryProgress)
		require.NoError(t, err)
		require.NoError(t, answer.Get(&p))
		return p
	}
	var during job.Progress
	stuck := &job.StuckCalls{Count: 1, Record: 9999, Since: env.Now().UTC(), Timeout: job.Duration(time.Second)}
	env.RegisterDelayedCallback(func() { env.SignalWorkflow(job.SignalOutage, job.Notice{Pool: "dead", Stuck: stuck}) }, 30*time.Second)
	env.RegisterDelayedCallback(func() { during = progress() }, 60*time.Second)
	env.ExecuteWorkflow(BulkCall, spec, State{})
	require.NoError(t, env.GetWorkflowError())
	require.Equal(t, job.PhaseRunning, during.Phase)
	require.Equal(t, stuck, during.Stuck)
	require.Nil(t, progress().Stuck)
}
