package e2e

import (
	"encoding/json"
	"os"
	"path/filepath"
	"testing"
	"time"

	"github.com/stretchr/testify/require"
	commonpb "go.temporal.io/api/common/v1"
	"go.temporal.io/api/workflowservice/v1"
	"go.temporal.io/sdk/client"
	"go.temporal.io/sdk/converter"
	"go.temporal.io/sdk/temporal"
	"go.temporal.io/sdk/worker"
	"go.temporal.io/sdk/workflow"

	"longhaul/job"
)

// forged schedules activities on a queue that is not the workflow's own, as any client of a
// server without authentication can.
func forged(ctx workflow.Context, queue, name string, arguments []any) error {
	ctx = workflow.WithActivityOptions(ctx, workflow.ActivityOptions{
		TaskQueue: queue, StartToCloseTimeout: time.Minute, RetryPolicy: &temporal.RetryPolicy{MaximumAttempts: 1},
	})
	return workflow.ExecuteActivity(ctx, name, arguments...).Get(ctx, nil)
}

// Another user of the machine reaches the server of longhaul run. With the run's worker he
// reads no other file, runs no program, and takes no other folder: not by a job of his own,
// nor with all that the real job has sent through the server and one thing changed.
func TestAnotherClientOfARunsServer(t *testing.T) {
	t.Parallel()
	const records, secret = 3000, "TOP-SECRET-58A1"
	api := newCountingAPI(t, records, 50*time.Millisecond, 300)
	dir := t.TempDir()
	require.NoError(t, os.WriteFile(filepath.Join(dir, "secret.txt"), []byte(secret+"\n"), 0o600))
	spec := httpSpec(api.URL, records, 20)
	writeSpec(t, dir, spec)
	run := runJob(t, dir)
	api.await(t, 300)
	info, err := os.Stat(filepath.Join(dir, ".longhaul"))
	require.NoError(t, err)
	require.EqualValues(t, 0o700, info.Mode().Perm())

	// All that he needs is the port.
	var at struct{ Address string }
	data, err := os.ReadFile(filepath.Join(dir, ".longhaul", "server.json"))
	require.NoError(t, err)
	require.NoError(t, json.Unmarshal(data, &at))
	c, err := client.Dial(client.Options{HostPort: at.Address})
	require.NoError(t, err)
	t.Cleanup(c.Close)
	open, err := c.ListOpenWorkflow(t.Context(), &workflowservice.ListOpenWorkflowExecutionsRequest{})
	require.NoError(t, err)
	require.Len(t, open.GetExecutions(), 1)
	id := open.GetExecutions()[0].GetExecution().GetWorkflowId()
	described, err := c.DescribeWorkflowExecution(t.Context(), id, "")
	require.NoError(t, err)
	queue := described.GetExecutionConfig().GetTaskQueue().GetName()
	input, ref := sentThrough(t, c, id)

	evil := input
	evil.Input, evil.Output.URI = job.InputSpec{URI: filepath.Join(dir, "secret.txt")}, filepath.Join(dir, "stolen")
	program := input
	program.Call = job.CallSpec{Exec: &job.ExecSpec{Command: []string{"cp", filepath.Join(dir, "secret.txt"), filepath.Join(dir, "stolen.txt")}, Timeout: 1e9, MaxResponseBytes: 99}}
	sameOutput := input
	sameOutput.Input = job.InputSpec{URI: filepath.Join(dir, "secret.txt")}
	for name, forgery := range map[string]job.Spec{"his own": evil, "program": program, "changed": sameOutput, "copied": input} {
		started, err := c.ExecuteWorkflow(t.Context(), client.StartWorkflowOptions{TaskQueue: queue}, job.WorkflowType, forgery)
		require.NoError(t, err)
		require.ErrorContains(t, started.Get(t.Context(), nil), "this worker belongs to a longhaul run", name)
	}

	w := worker.New(c, "forger", worker.Options{})
	w.RegisterWorkflowWithOptions(forged, workflow.RegisterOptions{Name: "forged"})
	require.NoError(t, w.Start())
	t.Cleanup(w.Stop)
	elsewhere := ref
	elsewhere.Output = filepath.Join(dir, "stolen")
	for name, arguments := range map[string][]any{
		"IndexInput":   {evil},
		"ProcessChunk": {elsewhere, job.Chunk{Range: job.Range{Last: 1}, Grant: job.LaneGrant{Calls: 1}}},
		"FlushBatch":   {elsewhere, job.Batch{Range: job.Range{Last: 1}}},
		"FinishJob":    {elsewhere},
		"SteerJob":     {ref, job.Control{Epoch: ref.Epoch, Version: 99, Paused: true}, job.Request{}},
	} {
		started, err := c.ExecuteWorkflow(t.Context(), client.StartWorkflowOptions{TaskQueue: "forger"}, "forged", queue, name, arguments)
		require.NoError(t, err)
		require.ErrorContains(t, started.Get(t.Context(), nil), "this worker belongs to a longhaul run", name)
	}

	// A change of settings names no path and no URL.
	handle, err := c.UpdateWorkflow(t.Context(), client.UpdateWorkflowOptions{
		WorkflowID: id, UpdateName: job.UpdateTune, WaitForStage: client.WorkflowUpdateStageCompleted,
		Args: []any{map[string]any{"rate": 1000, "input": map[string]any{"uri": "secret.txt"}}},
	})
	if err == nil {
		err = handle.Get(t.Context(), nil)
	}
	require.ErrorContains(t, err, "input: unknown field")

	require.Zero(t, run.wait(), run.out)
	require.Zero(t, api.repeated(t))
	requireProven(t, dir, records)
	require.NoDirExists(t, filepath.Join(dir, "stolen"))
	require.NoFileExists(t, filepath.Join(dir, "stolen.txt"))
	require.NoError(t, filepath.WalkDir(dir, func(path string, entry os.DirEntry, err error) error {
		if err != nil || entry.IsDir() || entry.Name() == "secret.txt" {
			return err
		}
		data, err := os.ReadFile(path)
		require.NotContains(t, string(data), secret, path)
		return err
	}))
}

// sentThrough is what a job has sent through the server: its spec, and the reference that its
// activities get.
func sentThrough(t *testing.T, c client.Client, id string) (spec job.Spec, ref job.Ref) {
	t.Helper()
	events := c.GetWorkflowHistory(t.Context(), id, "", false, 0)
	decode := func(payload *commonpb.Payload, into any) {
		require.NoError(t, converter.GetDefaultDataConverter().FromPayload(payload, into))
	}
	for events.HasNext() && ref.Output == "" {
		event, err := events.Next()
		require.NoError(t, err)
		if started := event.GetWorkflowExecutionStartedEventAttributes(); started != nil {
			decode(started.GetInput().GetPayloads()[0], &spec)
		}
		if scheduled := event.GetActivityTaskScheduledEventAttributes(); scheduled.GetActivityType().GetName() == "ProcessChunk" {
			decode(scheduled.GetInput().GetPayloads()[0], &ref)
		}
	}
	require.NotEmpty(t, ref.Output)
	return spec, ref
}
