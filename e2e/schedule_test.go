package e2e

import (
	"context"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/require"
	"go.temporal.io/sdk/client"

	"longhaul/job"
)

// succeeded are the folders that match and are complete.
func succeeded(t *testing.T, root, pattern string) []string {
	t.Helper()
	names, err := filepath.Glob(filepath.Join(root, pattern, "_SUCCESS"))
	require.NoError(t, err)
	return names
}

// Triggered twice and backfilled over three days, a schedule leaves five complete
// folders, each with the time of the schedule in its name.
func TestASchedule(t *testing.T) {
	t.Parallel()
	api := newCountingAPI(t, 300, time.Millisecond)
	root, name := t.TempDir(), newID(t)
	startWorker(t, shared, root, name)
	spec := httpSpec(api.URL, 300, 50)
	spec.Output.URI = "answers/{scheduled_time}"
	writeSpec(t, root, spec)
	schedule := func(args ...string) string {
		t.Helper()
		out, code := runProgram(t, root, "longhaul", append(append([]string{"schedule"}, args...), "--address", shared.local.Address())...)
		require.Zero(t, code, out)
		return out
	}
	// A cron that does not fire by itself meanwhile, but on three of the days.
	schedule("create", name, "job.json", "--cron", "30 12 1 1 *", "--cron", "0 3 * 2 *", "--task-queue", name, "--time-zone", "Europe/Berlin")
	t.Cleanup(func() { _ = shared.ScheduleClient().GetHandle(context.Background(), name).Delete(context.Background()) })
	listed := func(text string) {
		t.Helper() // the list is a moment late
		require.Eventually(t, func() bool { return strings.Contains(schedule("list"), text) }, time.Minute, 100*time.Millisecond)
	}
	listed(name)
	for n := range 2 {
		schedule("trigger", name)
		require.Eventually(t, func() bool { return len(succeeded(t, root, "answers/*")) == n+1 }, time.Minute, 50*time.Millisecond)
		<-time.After(time.Second) // a job is named by its second
	}
	schedule("backfill", name, "--from", "2026-02-10T00:00:00Z", "--to", "2026-02-13T00:00:00Z")
	require.Eventually(t, func() bool { return len(succeeded(t, root, "answers/*")) == 5 }, time.Minute, 50*time.Millisecond)
	for _, day := range []string{"2026-02-10", "2026-02-11", "2026-02-12"} {
		require.Len(t, succeeded(t, root, "answers/"+day+"T02-00-00Z"), 1, "three o'clock in Berlin")
	}
	require.EqualValues(t, 5*300, api.total.Load())

	schedule("pause", name)
	listed(name + "  paused")
	schedule("resume", name)
	schedule("delete", name)
	out, code := runProgram(t, root, "longhaul", "schedule", "trigger", name, "--address", shared.local.Address())
	require.Equal(t, 1, code)
	require.Contains(t, out, "there is no schedule "+name)
}

// The same by the temporal command; a run that has not ended keeps the next one
// from starting.
func TestAScheduleSkipsWhatOverlaps(t *testing.T) {
	t.Parallel()
	api := newCountingAPI(t, 10, time.Hour, 10)
	root, name := t.TempDir(), newID(t)
	startWorker(t, shared, root, name)
	spec := httpSpec(api.URL, 10, 10)
	spec.Call.HTTP.Timeout = job.Duration(time.Hour)
	spec.Output.URI = "answers/{workflow_id}"
	writeSpec(t, root, spec)
	temporal := func(args ...string) {
		t.Helper()
		out, code := runCommand(t, root, os.Getenv("TEMPORAL_CLI"), append(args, "--schedule-id", name, "--address", shared.local.Address())...)
		require.Zero(t, code, out)
	}
	temporal("schedule", "create", "--cron", "0 3 * * *", "--overlap-policy", "Skip", "--workflow-id", name,
		"--task-queue", name, "--type", "BulkCall", "--input-file", "job.json")
	handle := shared.ScheduleClient().GetHandle(t.Context(), name)
	t.Cleanup(func() { _ = handle.Delete(context.Background()) })
	temporal("schedule", "trigger")
	api.await(t, 10)
	temporal("schedule", "trigger", "--overlap-policy", "Skip")
	require.Eventually(t, func() bool {
		described, err := handle.Describe(t.Context())
		return err == nil && described.Info.NumActionsSkippedOverlap == 1
	}, time.Minute, 50*time.Millisecond)
	described, err := handle.Describe(t.Context())
	require.NoError(t, err)
	require.Equal(t, 1, described.Info.NumActions)
	folders, err := os.ReadDir(filepath.Join(root, "answers"))
	require.NoError(t, err)
	require.Len(t, folders, 1)
	require.True(t, strings.HasPrefix(folders[0].Name(), name+"-20"), folders[0].Name())
	running := described.Info.RunningWorkflows
	require.Len(t, running, 1)
	require.NoError(t, shared.TerminateWorkflow(t.Context(), running[0].WorkflowID, "", "test"))
}

// Known placeholders only; and a job that is not on a schedule has its start.
func TestPlaceholders(t *testing.T) {
	t.Parallel()
	api := newCountingAPI(t, 10, time.Millisecond)
	root, id := t.TempDir(), newID(t)
	startWorker(t, shared, root, id)
	spec := httpSpec(api.URL, 10, 10)
	spec.Output.URI = "{workflow_id}/{scheduled_time}"
	summary := finishJob(t, startJob(t, shared, id, spec))
	require.Regexp(t, `^`+id+`/20[0-9-]+T[0-9-]+Z$`, summary.Output)
	require.FileExists(t, filepath.Join(root, summary.Output, "_SUCCESS"))

	spec.Output.URI = "{schedule_time}"
	run, err := shared.ExecuteWorkflow(t.Context(), client.StartWorkflowOptions{ID: id + "-2", TaskQueue: id}, job.WorkflowType, spec)
	require.NoError(t, err)
	require.ErrorContains(t, run.Get(t.Context(), nil), "output.uri: {schedule_time} is not a placeholder; use {workflow_id} or {scheduled_time}")
}
