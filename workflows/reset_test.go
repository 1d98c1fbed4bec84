package workflows

import (
	"errors"
	"testing"
	"time"

	"github.com/stretchr/testify/require"
	"go.temporal.io/sdk/temporal"
	"go.temporal.io/sdk/testsuite"
	"go.temporal.io/sdk/workflow"

	"longhaul/job"
	"longhaul/workflows/schedule"
)

func takenOver() error {
	return temporal.NewNonRetryableApplicationError("taken over", string(job.KindTakenOver), nil)
}

// What was begun under the old claim is done again under the new one; an error that has
// another reason, or no new claim, stays.
func TestUnderTheClaimInForce(t *testing.T) {
	t.Parallel()
	var suite testsuite.WorkflowTestSuite
	env := suite.NewTestWorkflowEnvironment()
	env.ExecuteWorkflow(func(ctx workflow.Context) error {
		d := &dispatcher{}
		d.state.Plan.Epoch = 1
		var under []int64
		do := func(ref job.Ref) error {
			under = append(under, ref.Epoch)
			if ref.Epoch == 1 {
				return takenOver()
			}
			return nil
		}
		require.ErrorContains(t, d.underClaim(ctx, do), "taken over", "there is no other claim")
		broken := errors.New("broken")
		require.ErrorIs(t, d.underClaim(ctx, func(job.Ref) error { return broken }), broken)

		d.claiming = true
		workflow.Go(ctx, func(ctx workflow.Context) {
			_ = workflow.Sleep(ctx, time.Hour) // the workers of the old run have to leave
			d.state.Plan.Epoch = 2
			d.claiming = false
		})
		under = nil
		require.NoError(t, d.underClaim(ctx, do))
		require.Equal(t, []int64{1, 2}, under)
		return nil
	})
	require.NoError(t, env.GetWorkflowError())
}

// After a claim that was made anew no grant is fresh: the old run's workers have used them a
// moment ago, after the point of the reset, and so after all that the history knows.
func TestNoGrantIsFreshAfterAReset(t *testing.T) {
	t.Parallel()
	env := environment(t, &world{})
	env.ExecuteWorkflow(func(ctx workflow.Context) error {
		d := &dispatcher{spec: sleepSpec(), lanes: schedule.NewLanes("r", job.Spec{Parallelism: 10, Rate: 5, ChunkSize: 10}, 1000, schedule.Layout{})}
		d.state.Plan.Epoch = 1
		d.lanes.MarkFresh()
		require.NoError(t, d.claimAnew(ctx))
		require.EqualValues(t, 2, d.state.Plan.Epoch)
		require.Equal(t, "this", d.claimRun)
		for d.lanes.Free() {
			require.False(t, d.lanes.Take().Fresh)
		}
		return nil
	})
	require.NoError(t, env.GetWorkflowError())
}

// Only a run that was reset, and has no claim of its own yet, looks for the point of the
// reset.
func TestWhoWasReset(t *testing.T) {
	t.Parallel()
	info := func(original, run string) *workflow.Info {
		return &workflow.Info{OriginalRunID: original, WorkflowExecution: workflow.Execution{RunID: run}}
	}
	for name, c := range map[string]struct {
		claimRun string
		info     *workflow.Info
		needs    bool
	}{
		"a first run":                       {"", info("a", "a"), false},
		"with a claim of its own":           {"a", info("a", "a"), false},
		"reset":                             {"", info("a", "b"), true},
		"reset, the claim is the old run's": {"a", info("a", "b"), true},
		"reset, and claimed":                {"b", info("a", "b"), false},
		"reset again":                       {"b", info("a", "c"), true},
		"not known":                         {"", info("", "a"), false},
	} {
		d := &dispatcher{claimRun: c.claimRun}
		require.Equal(t, c.needs, d.needsClaim(c.info), name)
	}
}
