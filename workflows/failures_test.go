package workflows

import (
	"errors"
	"sync"
	"testing"

	"github.com/stretchr/testify/require"
	"go.temporal.io/sdk/temporal"

	"longhaul/job"
)

func TestMaxFailures(t *testing.T) {
	t.Parallel()
	half := func(chunk job.Chunk) int64 { return chunk.Len() / 2 }
	for name, c := range map[string]struct {
		limit   job.FailureLimit
		message string
	}{
		"percentage": {job.FailureLimit{Value: 10, Percent: true}, "max_failures 10% exceeded: 500 of 1000 records failed"},
		"count":      {job.FailureLimit{Value: 400}, "max_failures 400 exceeded: 500 of 1000 records failed"},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			w := &world{records: 100_000, fails: half}
			env := environment(t, w)
			spec := sleepSpec()
			spec.MaxFailures, spec.Parallelism = c.limit, 1
			env.ExecuteWorkflow(BulkCall, spec, State{})
			var application *temporal.ApplicationError
			require.ErrorAs(t, env.GetWorkflowError(), &application)
			require.Equal(t, string(job.KindTooManyFailures), application.Type())
			require.True(t, application.NonRetryable())
			require.Contains(t, application.Message(), c.message)
			require.Less(t, len(w.chunks), 20, "it stopped")
		})
	}
}

// Started again, a job that was stopped by its failures goes on.
func TestFailuresOfAnEarlierStartDoNotCountAgain(t *testing.T) {
	t.Parallel()
	w := &world{records: 20_000, committed: job.Totals{Succeeded: 1000, Failed: 4000}}
	env := environment(t, w)
	env.ExecuteWorkflow(BulkCall, sleepSpec(), State{})
	require.NoError(t, env.GetWorkflowError())
}

func TestFailuresWithinTheLimitAreData(t *testing.T) {
	t.Parallel()
	w := &world{records: 10_000, fails: func(job.Chunk) int64 { return 1 }}
	env := environment(t, w)
	env.ExecuteWorkflow(BulkCall, sleepSpec(), State{})
	require.NoError(t, env.GetWorkflowError())
}

func TestAPermanentErrorEndsTheJobWithItsOwnWords(t *testing.T) {
	t.Parallel()
	w := &world{records: 10_000, err: func(chunk job.Chunk) error {
		if chunk.First == 0 {
			return temporal.NewNonRetryableApplicationError("in.jsonl: the input has changed", string(job.KindInput), nil)
		}
		return nil
	}}
	env := environment(t, w)
	env.ExecuteWorkflow(BulkCall, sleepSpec(), State{})
	var application *temporal.ApplicationError
	require.ErrorAs(t, env.GetWorkflowError(), &application)
	require.Equal(t, "in.jsonl: the input has changed", application.Message())
}

func TestAPassingErrorIsRetried(t *testing.T) {
	t.Parallel()
	var once sync.Once
	w := &world{records: 1000, err: func(job.Chunk) (err error) {
		once.Do(func() { err = errors.New("disk full") })
		return err
	}}
	env := environment(t, w)
	env.ExecuteWorkflow(BulkCall, sleepSpec(), State{})
	require.NoError(t, env.GetWorkflowError())
}
