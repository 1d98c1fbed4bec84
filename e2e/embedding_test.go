package e2e

import (
	"context"
	"log/slog"
	"path/filepath"
	"sync"
	"sync/atomic"
	"syscall"
	"testing"
	"time"

	"github.com/stretchr/testify/require"
	enumspb "go.temporal.io/api/enums/v1"
	sdkpb "go.temporal.io/api/sdk/v1"
	"go.temporal.io/sdk/client"
	"go.temporal.io/sdk/temporal"
	"go.temporal.io/sdk/worker"
	"go.temporal.io/sdk/workflow"

	"longhaul"
	"longhaul/calls"
	"longhaul/job"
)

// funcSpec calls a function for each of n counted records.
func funcSpec(name string, n int64) job.Spec {
	spec := job.DefaultSpec()
	call := job.DefaultFuncSpec()
	call.Name = name
	spec.Input.Count, spec.Output.URI, spec.Call.Func = &n, "out", &call
	spec.ChunkInterval, spec.HeartbeatTimeout = 0, job.Duration(2*time.Second)
	return spec
}

// greet is a workflow that has nothing to do with Longhaul.
func greet(_ workflow.Context, name string) (string, error) { return "hello " + name, nil }

// startPluginWorker starts a worker in this process, of a user's own options.
func startPluginWorker(t *testing.T, queue string, options longhaul.PluginOptions) worker.Worker {
	t.Helper()
	w := worker.New(shared.Client, queue, worker.Options{Plugins: []worker.Plugin{longhaul.Plugin(shared.Client, options)}})
	w.RegisterWorkflowWithOptions(greet, workflow.RegisterOptions{Name: "greet"})
	require.NoError(t, w.Start())
	t.Cleanup(w.Stop)
	return w
}

// The plugin in a worker that runs other workflows too: it stops gracefully without
// an option of its owner.
func TestThePluginInAWorkerOfOnesOwn(t *testing.T) {
	t.Parallel()
	const records = 3000
	var made, inFlight atomic.Int64
	third := make(chan struct{})
	root, id := t.TempDir(), newID(t)
	options := longhaul.PluginOptions{Root: root, Logger: slog.New(slog.DiscardHandler), Functions: []calls.Function{
		calls.Func("square", func(ctx context.Context, n int64) (map[string]int64, error) {
			inFlight.Add(1)
			defer inFlight.Add(-1)
			if made.Add(1) == records/3 {
				close(third)
			}
			select {
			case <-time.After(100 * time.Millisecond):
				return map[string]int64{"square": n * n}, nil
			case <-ctx.Done():
				return nil, ctx.Err()
			}
		}),
	}}
	first := startPluginWorker(t, id, options)
	run := startJob(t, shared, id, funcSpec("square", records))
	await(t, third, "the first third of the calls")
	first.Stop()
	require.Zero(t, inFlight.Load(), "it has waited")

	startPluginWorker(t, id, options)
	hello, err := shared.ExecuteWorkflow(t.Context(), client.StartWorkflowOptions{TaskQueue: id}, "greet", "Ann")
	require.NoError(t, err)
	var said string
	require.NoError(t, hello.Get(t.Context(), &said))
	require.Equal(t, "hello Ann", said)
	finishJob(t, run)
	require.EqualValues(t, records, made.Load(), "none was cut off and made again")
	requireProven(t, root, records)
}

// A function that ignores its context: its call is waited for, said to be stuck, and
// counts when it returns after all.
func TestAStuckCall(t *testing.T) {
	t.Parallel()
	release := make(chan struct{})
	var most, inFlight atomic.Int64
	var first atomic.Bool
	var log buffer
	root, id := t.TempDir(), newID(t)
	startPluginWorker(t, id, longhaul.PluginOptions{Root: root, Logger: slog.New(slog.NewTextHandler(&log, nil)), Functions: []calls.Function{
		calls.Func("square", func(_ context.Context, n int64) (map[string]int64, error) {
			most.Store(max(most.Load(), inFlight.Add(1)))
			defer inFlight.Add(-1)
			if n == 17 && first.CompareAndSwap(false, true) {
				<-release
			}
			return map[string]int64{"square": n * n}, nil
		}),
	}})
	end := sync.OnceFunc(func() { close(release) })
	t.Cleanup(end) // the worker waits for it
	spec := funcSpec("square", 500)
	spec.Call.Func.Timeout, spec.Parallelism = job.Duration(500*time.Millisecond), 5
	run := startJob(t, shared, id, spec)
	address := []string{id, "--address", shared.local.Address()}
	watch := launch(t, root, "longhaul", append([]string{"watch"}, address...)...)

	const says = "1 call is stuck: record 17 has not returned "
	require.Eventually(t, func() bool { return contains(watch.out.String(), says+"since ", "(call.func.timeout is 500ms)") }, time.Minute, 50*time.Millisecond)
	out, code := runProgram(t, root, "longhaul", append([]string{"status"}, address...)...)
	require.Zero(t, code, out)
	require.Regexp(t, says+`for [0-9]+ s \(call.func.timeout is 500ms\)`, out)
	require.Contains(t, detailsOf(t, id), "| stuck | 1 call: record 17 has not returned since ")
	require.Regexp(t, `level=WARN msg="call is stuck: [^"]*" job_id=\S+ output=out epoch=1 record=17 for=1\.\S+s timeout=500ms`, log.String())
	require.Eventually(t, func() bool { // with a heartbeat, after 80 % of heartbeat_timeout
		described, err := shared.DescribeWorkflowExecution(t.Context(), id, "")
		require.NoError(t, err)
		for _, pending := range described.GetPendingActivities() {
			if payloads := pending.GetHeartbeatDetails().GetPayloads(); len(payloads) > 0 && contains(string(payloads[0].GetData()), `"stuck":{"count":1,"record":17,`) {
				return true
			}
		}
		return false
	}, time.Minute, 50*time.Millisecond)

	end()
	summary := finishJob(t, run)
	require.EqualValues(t, 500, summary.Succeeded)
	require.EqualValues(t, 501, summary.Attempts, "one has timed out, and was made again")
	require.LessOrEqual(t, most.Load(), int64(5))
	require.NotContains(t, detailsOf(t, id), "stuck")
	require.Regexp(t, `level=INFO msg="the call that was stuck has returned" job_id=\S+ output=out epoch=1 record=17 `, log.String())
	require.Zero(t, watch.wait(), watch.out)
	requireProven(t, root, 500)
}

// detailsOf is what the Web UI shows of the job.
func detailsOf(t *testing.T, id string) string {
	t.Helper()
	answer, err := shared.QueryWorkflow(t.Context(), id, "", "__temporal_workflow_metadata")
	require.NoError(t, err)
	var metadata sdkpb.WorkflowMetadata
	require.NoError(t, answer.Get(&metadata))
	return metadata.GetCurrentDetails()
}

// A workflow of one's own that starts a job as its child, in a module of its own.
func TestAJobAsAChildWorkflow(t *testing.T) {
	t.Parallel()
	buildModule(t, "childworkflow")
	root, id := t.TempDir(), newID(t)
	p := launchWith(t, []string{"TEMPORAL_ADDRESS=" + shared.local.Address()}, root, "childworkflow")
	rescore := func(id string, n int64) client.WorkflowRun {
		run, err := shared.ExecuteWorkflow(t.Context(), client.StartWorkflowOptions{ID: id, TaskQueue: "scores"}, "Rescore", n)
		require.NoError(t, err)
		return run
	}
	var outcome struct {
		Scored, Unknown int64
		Answers         string
	}
	require.NoError(t, rescore(id, 1000).Get(t.Context(), &outcome))
	require.EqualValues(t, 980, outcome.Scored)
	require.EqualValues(t, 20, outcome.Unknown)
	require.Contains(t, p.out.String(), "980 customers scored, 20 unknown: see scores-"+id)
	out, code := runProgram(t, root, "longhaul", "verify", outcome.Answers, "--root", root)
	require.Zero(t, code, out)
	require.Contains(t, out, "1,000 of 1,000 records in parts (980 succeeded, 20 failed, 1,000 calls): proven")

	// Canceled, the parent waits until its child has kept what is done; of a parent
	// that is terminated, the child is canceled.
	canceled, terminated := id+"-canceled", id+"-terminated"
	run := rescore(canceled, 1_000_000)
	rescore(terminated, 1_000_000)
	for _, id := range []string{canceled, terminated} {
		require.Eventually(t, func() bool {
			parts, err := filepath.Glob(filepath.Join(root, "scores-"+id, "part-*"))
			return err == nil && len(parts) > 0
		}, time.Minute, 50*time.Millisecond)
	}
	require.NoError(t, shared.TerminateWorkflow(t.Context(), terminated, "", "test"))
	require.NoError(t, shared.CancelWorkflow(t.Context(), canceled, ""))
	var stopped *temporal.CanceledError
	require.ErrorAs(t, run.Get(t.Context(), nil), &stopped)
	described, err := shared.DescribeWorkflowExecution(t.Context(), canceled+"-calls", "")
	require.NoError(t, err)
	require.Equal(t, enumspb.WORKFLOW_EXECUTION_STATUS_CANCELED, described.GetWorkflowExecutionInfo().GetStatus())
	require.ErrorAs(t, shared.GetWorkflow(t.Context(), terminated+"-calls", "").Get(t.Context(), nil), &stopped)

	p.signal(syscall.SIGTERM)
	require.Zero(t, p.wait(), p.out)
}
