package workflows

import (
	"testing"
	"time"

	"github.com/stretchr/testify/require"
	"go.temporal.io/sdk/testsuite"
	"go.temporal.io/sdk/workflow"

	"longhaul/job"
)

// The SDK does not tell in which order signals of two names have come. A pause and a resume
// that wait together are done in the only order that can have been meant.
func TestSignalsThatComeTogether(t *testing.T) {
	t.Parallel()
	for name, c := range map[string]struct {
		before, together []string
		paused           []bool
	}{
		"running":                     {nil, []string{job.UpdateResume, job.UpdatePause}, []bool{false, true, false}},
		"paused":                      {[]string{job.UpdatePause}, []string{job.UpdatePause, job.UpdateResume}, []bool{true, true, false, true}},
		"a pause alone":               {nil, []string{job.UpdatePause}, []bool{false, true}},
		"a resume alone":              {[]string{job.UpdatePause}, []string{job.UpdateResume}, []bool{true, true, false}},
		"a resume of what is running": {nil, []string{job.UpdateResume}, []bool{false}},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			w := &world{records: 100_000}
			spec := sleepSpec()
			spec.ChunkInterval = job.Duration(time.Minute)
			env := environment(t, w)
			parallelism := 7
			w.steering = func(change int) {
				if change == len(c.before)+1 { // while the tuning is written
					for _, signal := range c.together {
						env.SignalWorkflow(signal, job.Tuning{})
					}
				}
			}
			env.RegisterDelayedCallback(func() {
				for _, signal := range c.before {
					env.SignalWorkflow(signal, job.Tuning{})
				}
			}, 10*time.Second)
			env.RegisterDelayedCallback(func() { env.SignalWorkflow(job.UpdateTune, job.Tuning{Parallelism: &parallelism}) }, 20*time.Second)
			var paused []bool
			env.RegisterDelayedCallback(func() {
				for _, control := range w.controls {
					paused = append(paused, control.Paused)
				}
				env.SignalWorkflow(job.UpdateResume, job.Tuning{})
			}, 50*time.Second)
			env.ExecuteWorkflow(BulkCall, spec, State{})
			require.NoError(t, env.GetWorkflowError())
			require.Equal(t, c.paused, paused)
		})
	}
}

// A signal that comes with what the run ends by is done before it ends: the run that
// continues the job begins with the settings that this one leaves.
func TestASignalThatComesWithTheEnd(t *testing.T) {
	t.Parallel()
	var suite testsuite.WorkflowTestSuite
	env := suite.NewTestWorkflowEnvironment()
	env.RegisterDelayedCallback(func() { env.SignalWorkflow(job.UpdateResume, job.Tuning{}) }, time.Minute)
	env.ExecuteWorkflow(func(ctx workflow.Context) error {
		d := &dispatcher{spec: sleepSpec(), state: State{Paused: true}, meter: newMeter(meterState{}), pauseWanted: true, updating: workflow.NewMutex(ctx)}
		for i, name := range []string{job.UpdatePause, job.UpdateResume, job.UpdateTune} {
			d.signals[i] = workflow.GetSignalChannel(ctx, name)
		}
		if err := workflow.Sleep(ctx, time.Hour); err != nil {
			return err
		}
		require.Equal(t, 1, d.signals.pending())
		workflow.Go(ctx, d.handleSignals)
		require.NoError(t, d.awaitChanges(ctx))
		require.False(t, d.state.Paused)
		require.Equal(t, 0, d.signals.pending())
		return nil
	})
	require.NoError(t, env.GetWorkflowError())
}
