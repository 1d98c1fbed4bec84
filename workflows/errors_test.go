package workflows

import (
	"errors"
	"testing"

	"github.com/stretchr/testify/require"
	enumspb "go.temporal.io/api/enums/v1"
	"go.temporal.io/sdk/temporal"
	"go.temporal.io/sdk/testsuite"
	"go.temporal.io/sdk/workflow"

	"longhaul/job"
)

// A job that is canceled ends as canceled, also if an activity has failed meanwhile in a way
// that may pass; what does not pass is said.
func TestTheErrorOfACanceledJob(t *testing.T) {
	t.Parallel()
	passing := temporal.NewApplicationError("disk full", string(job.KindStorage))
	lasting := temporal.NewNonRetryableApplicationError("record 3 is no JSON", string(job.KindInput), nil)
	timeout := temporal.NewTimeoutError(enumspb.TIMEOUT_TYPE_HEARTBEAT, nil)
	for name, c := range map[string]struct {
		err      error
		canceled bool
		want     string
	}{
		"canceled":                    {temporal.NewCanceledError(), true, "canceled"},
		"an error that may pass":      {passing, true, "canceled"},
		"a worker has died":           {timeout, true, "canceled"},
		"an error that does not pass": {lasting, true, "record 3 is no JSON"},
		"another error":               {errors.New("broken"), true, "broken"},
		"not canceled":                {passing, false, "disk full"},
		"a worker has died for good":  {timeout, false, "type: Heartbeat"},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			var suite testsuite.WorkflowTestSuite
			env := suite.NewTestWorkflowEnvironment()
			env.ExecuteWorkflow(func(ctx workflow.Context) error {
				inner, cancel := workflow.WithCancel(ctx)
				defer cancel()
				if c.canceled {
					cancel()
				}
				err := failWorkflow(inner, c.err)
				require.Equal(t, c.want == "canceled", temporal.IsCanceledError(err), "%v", err)
				require.ErrorContains(t, err, c.want)
				return nil
			})
			require.NoError(t, env.GetWorkflowError())
		})
	}
	require.NoError(t, failWorkflow(nil, nil))
}
