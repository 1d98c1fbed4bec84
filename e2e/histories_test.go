package e2e

import (
	"context"
	"net/http"
	"os"
	"sync/atomic"
	"testing"
	"time"

	"github.com/stretchr/testify/require"
	enumspb "go.temporal.io/api/enums/v1"
	"go.temporal.io/sdk/client"
	"go.temporal.io/sdk/worker"
	"go.temporal.io/sdk/workflow"

	"longhaul/job"
	"longhaul/workflows"
)

// Each command of the operations page leaves a history that replays. They are recorded
// for the replay tests.
func TestHistoriesOfTheOperations(t *testing.T) {
	t.Parallel()
	for name, run := range map[string]func(t *testing.T) (id string){
		"reset": historyOfResets, "terminated": historyOfTermination, "redriven": historyOfARedrive,
		"outage": historyOfAnOutage, "tuned": historyOfChanges, "scheduled": historyOfASchedule, "signals-together": historyOfSignalsThatWait,
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			id := run(t)
			record(t, shared, name, id, "")
			requireReplay(t, id)
			claims := 0
			for _, event := range historyOf(t, shared, id, "").GetEvents() {
				if event.GetActivityTaskScheduledEventAttributes().GetActivityType().GetName() == "ClaimOutput" {
					claims++
				}
			}
			require.Equal(t, map[string]int{"reset": 2}[name], claims, "one for each reset")
		})
	}
}

// requireReplay replays the last run of a workflow.
func requireReplay(t *testing.T, id string) {
	t.Helper()
	replayer := worker.NewWorkflowReplayer()
	replayer.RegisterWorkflow(workflows.BulkCall)
	// A replayer takes the run before all resets for the run, unless it is told.
	described, err := shared.DescribeWorkflowExecution(t.Context(), id, "")
	require.NoError(t, err)
	execution := described.GetWorkflowExecutionInfo().GetExecution()
	require.NoError(t, replayer.ReplayWorkflowHistoryWithOptions(nil, historyOf(t, shared, id, ""), worker.ReplayWorkflowHistoryOptions{
		OriginalExecution: workflow.Execution{ID: execution.GetWorkflowId(), RunID: execution.GetRunId()},
	}))
}

// smallSpec is that of a job with few events.
func smallSpec(api string) job.Spec {
	spec := httpSpec(api, 600, 10)
	spec.ChunkSize, spec.BatchSize = 100, 2
	return spec
}

func historyOfResets(t *testing.T) string {
	t.Helper()
	api := newCountingAPI(t, 600, 100*time.Millisecond, 100, 400)
	root, id := t.TempDir(), newID(t)
	startWorker(t, shared, root, id)
	startJob(t, shared, id, smallSpec(api.URL))
	for _, mark := range []int64{100, 400} {
		api.await(t, mark)
		out, code := runCommand(t, root, os.Getenv("TEMPORAL_CLI"), "workflow", "reset", "--address", shared.local.Address(),
			"--workflow-id", id, "--type", "LastWorkflowTask", "--reason", "test")
		require.Zero(t, code, out)
	}
	finishJob(t, shared.GetWorkflow(t.Context(), id, ""))
	require.LessOrEqual(t, api.most.Load(), int64(10))
	requireProven(t, root, 600)
	return id
}

func historyOfTermination(t *testing.T) string {
	t.Helper()
	api := newCountingAPI(t, 600, 20*time.Millisecond, 200)
	root, id := t.TempDir(), newID(t)
	startWorker(t, shared, root, id)
	startJob(t, shared, id, smallSpec(api.URL))
	api.await(t, 200)
	out, code := runCommand(t, root, os.Getenv("TEMPORAL_CLI"), "workflow", "terminate", "--address", shared.local.Address(), "--workflow-id", id)
	require.Zero(t, code, out)
	requireReplay(t, id)
	record(t, shared, "terminated-before", id, "")
	finishJob(t, startJob(t, shared, id, smallSpec(api.URL)))
	requireProven(t, root, 600)
	return id
}

func historyOfARedrive(t *testing.T) string {
	t.Helper()
	var fixed atomic.Bool
	api := newRefusingAPI(t, 0, func(r *http.Request) int {
		if r.URL.Path == "/7" && !fixed.Load() {
			return http.StatusNotFound
		}
		return http.StatusOK
	})
	root, id := t.TempDir(), newID(t)
	startWorker(t, shared, root, id)
	finishJob(t, startJob(t, shared, id, smallSpec(api.URL)))
	fixed.Store(true)
	spec := smallSpec(api.URL)
	spec.Redrive = &job.RedriveSpec{}
	require.EqualValues(t, 1, finishJob(t, startJobOn(t, shared, id, "redrive-"+id, spec)).Redriven)
	return "redrive-" + id
}

func historyOfAnOutage(t *testing.T) string {
	t.Helper()
	var down atomic.Bool
	var calls atomic.Int64
	api := newRefusingAPI(t, 5*time.Millisecond, func(*http.Request) int {
		if calls.Add(1) == 200 {
			down.Store(true)
			time.AfterFunc(4*time.Second, func() { down.Store(false) })
		}
		if down.Load() {
			return http.StatusServiceUnavailable
		}
		return http.StatusOK
	})
	root, id := t.TempDir(), newID(t)
	startWorker(t, shared, root, id)
	spec := smallSpec(api.URL)
	spec.Outage = job.OutageSpec{After: job.Duration(500 * time.Millisecond), ProbeInterval: job.Duration(time.Second)}
	require.EqualValues(t, 600, finishJob(t, startJob(t, shared, id, spec)).Succeeded)
	return id
}

func historyOfChanges(t *testing.T) string {
	t.Helper()
	api := newCountingAPI(t, 600, 20*time.Millisecond, 100)
	root, id := t.TempDir(), newID(t)
	startWorker(t, shared, root, id)
	run := startJob(t, shared, id, smallSpec(api.URL))
	api.await(t, 100)
	for _, command := range [][]string{{"pause", id}, {"tune", id, "--parallelism", "5", "--max-failures", "3"}, {"resume", id}} {
		out, code := runProgram(t, root, "longhaul", append(command, "--address", shared.local.Address())...)
		require.Zero(t, code, out)
	}
	finishJob(t, run)
	return id
}

// historyOfSignalsThatWait has a resume and another pause come while no worker is there.
func historyOfSignalsThatWait(t *testing.T) string {
	t.Helper()
	api := newCountingAPI(t, 600, 20*time.Millisecond, 100)
	root, id := t.TempDir(), newID(t)
	w := startWorker(t, shared, root, id)
	run := startJob(t, shared, id, smallSpec(api.URL))
	api.await(t, 100)
	signal := func(name string) { require.NoError(t, shared.SignalWorkflow(t.Context(), id, "", name, job.Tuning{})) }
	changesAre := func(count int) {
		t.Helper()
		require.Eventually(t, func() bool { return len(progressOf(t, id).Changes) == count }, time.Minute, 50*time.Millisecond)
	}
	signal(job.UpdatePause)
	changesAre(1)
	w.kill()
	signal(job.UpdateResume)
	signal(job.UpdatePause)
	startWorker(t, shared, root, id)
	changesAre(3)
	require.Equal(t, job.PhasePaused, progressOf(t, id).Phase, "the pause came last")
	signal(job.UpdateResume)
	finishJob(t, run)
	return id
}

func historyOfASchedule(t *testing.T) string {
	t.Helper()
	api := newCountingAPI(t, 600, time.Millisecond)
	root, id := t.TempDir(), newID(t)
	startWorker(t, shared, root, id)
	spec := smallSpec(api.URL)
	spec.Output.URI = "{scheduled_time}"
	handle, err := shared.ScheduleClient().Create(t.Context(), client.ScheduleOptions{
		ID: id, Spec: client.ScheduleSpec{CronExpressions: []string{"30 12 1 1 *"}},
		Action: &client.ScheduleWorkflowAction{ID: id, TaskQueue: id, Workflow: job.WorkflowType, Args: []any{spec}},
	})
	require.NoError(t, err)
	t.Cleanup(func() { _ = handle.Delete(context.Background()) })
	require.NoError(t, handle.Trigger(t.Context(), client.ScheduleTriggerOptions{Overlap: enumspb.SCHEDULE_OVERLAP_POLICY_SKIP}))
	started := ""
	require.Eventually(t, func() bool {
		described, err := handle.Describe(t.Context())
		if err == nil && len(described.Info.RecentActions) > 0 {
			started = described.Info.RecentActions[0].StartWorkflowResult.WorkflowID
		}
		return started != ""
	}, time.Minute, 50*time.Millisecond)
	finishJob(t, shared.GetWorkflow(t.Context(), started, ""))
	return started
}
