package activities_test

import (
	"errors"
	"os"
	"path/filepath"
	"regexp"
	"testing"
	"time"

	"github.com/stretchr/testify/require"
	"go.temporal.io/sdk/activity"
	"go.temporal.io/sdk/converter"
	"go.temporal.io/sdk/testsuite"
	"go.temporal.io/sdk/worker"
	"go.temporal.io/sdk/workflow"

	"longhaul/activities"
	"longhaul/internal/output"
	"longhaul/internal/session"
	"longhaul/internal/verify"
	"longhaul/job"
	"longhaul/workflows"
)

// The same job with a new run forced every few chunks leaves the same output,
// with the real activities on a real folder.
func TestContinueAsNewLeavesTheSameOutput(t *testing.T) {
	t.Parallel()
	reference, runs := runJob(t, 0)
	require.Equal(t, 1, runs)
	require.Len(t, reference, 13)
	for _, every := range []int{1, 2, 3, 5, 7} {
		parts, runs := runJob(t, every)
		require.Equal(t, reference, parts, "every %d chunks", every)
		require.Greater(t, runs, 1, "every %d chunks", every)
	}
}

// runJob runs a job of 12,345 records, and returns its parts without the times.
func runJob(t *testing.T, every int) (parts map[string]string, runs int) {
	t.Helper()
	root := t.TempDir()
	store, err := output.LocalStore(root)
	require.NoError(t, err)
	opened := session.NewRegistry(session.Options{Store: store})
	defer func() { require.NoError(t, opened.Close()) }()
	spec, state := sleepSpec(""), workflows.State{}
	count := int64(12_345)
	spec.Input = job.InputSpec{Count: &count}
	spec.ChunkSize, spec.BatchSize, spec.ChunkInterval = 500, 2, 0
	for {
		runs++
		env := environment(activities.New(opened), every)
		env.ExecuteWorkflow(workflows.BulkCall, spec, state)
		var continued *workflow.ContinueAsNewError
		if !errors.As(env.GetWorkflowError(), &continued) {
			require.NoError(t, env.GetWorkflowError())
			break
		}
		require.NoError(t, converter.GetDefaultDataConverter().FromPayloads(continued.Input, &spec, &state))
	}
	v, err := verify.Run(t.Context(), root, "out")
	require.NoError(t, err)
	require.True(t, v.Proven(), "%+v", v)
	return readParts(t, filepath.Join(root, "out")), runs
}

func environment(a *activities.Activities, every int) *testsuite.TestWorkflowEnvironment {
	var suite testsuite.WorkflowTestSuite
	env := suite.NewTestWorkflowEnvironment()
	// On a busy machine a workflow can wait for a processor for more than the default second.
	env.SetWorkerOptions(worker.Options{DeadlockDetectionTimeout: time.Minute})
	env.SetTestTimeout(time.Minute)
	env.RegisterWorkflow(workflows.BulkCall)
	env.RegisterActivity(a)
	chunks := 0
	env.SetOnActivityCompletedListener(func(info *activity.Info, _ converter.EncodedValue, _ error) {
		if info.ActivityType.Name == "ProcessChunk" {
			if chunks++; chunks == every {
				env.SetContinueAsNewSuggested(true)
			}
		}
	})
	return env
}

var latencyField = regexp.MustCompile(`"latency_ms":[0-9.]+`)

func readParts(t *testing.T, dir string) map[string]string {
	t.Helper()
	files, err := filepath.Glob(filepath.Join(dir, "*"))
	require.NoError(t, err)
	parts := map[string]string{}
	for _, file := range files {
		if filepath.Ext(file) == ".jsonl" {
			data, err := os.ReadFile(file)
			require.NoError(t, err)
			parts[filepath.Base(file)] = latencyField.ReplaceAllString(string(data), "")
		}
	}
	return parts
}
