package e2e

import (
	"bytes"
	"encoding/base64"
	"io"
	"log/slog"
	"os"
	"path/filepath"
	"regexp"
	"testing"
	"time"

	"github.com/stretchr/testify/require"
	enumspb "go.temporal.io/api/enums/v1"
	historypb "go.temporal.io/api/history/v1"
	"go.temporal.io/api/temporalproto"
	"go.temporal.io/sdk/client"

	"longhaul/internal/connect"
	"longhaul/internal/localserver"
	"longhaul/job"
)

// A server that suggests a new run every few dozen events.
func startEagerServer(t *testing.T) *server {
	t.Helper()
	profile, err := connect.Load(connect.Flags{}, slog.New(slog.NewTextHandler(io.Discard, nil)))
	require.NoError(t, err)
	s := &server{dir: t.TempDir()}
	s.local, err = localserver.Start(t.Context(), s.dir, profile.Options, "--dynamic-config-value", "limit.historyCount.suggestContinueAsNew=60")
	require.NoError(t, err)
	s.Client, err = connect.Dial(t.Context(), s.local.ClientOptions())
	require.NoError(t, err)
	t.Cleanup(s.stop)
	return s
}

func TestContinueAsNewOnARealServer(t *testing.T) {
	t.Parallel()
	s := startEagerServer(t)
	api := newCountingAPI(t, 6000, time.Millisecond)
	root, id := t.TempDir(), newID(t)
	startWorker(t, s, root, id)
	spec := httpSpec(api.URL, 6000, 50)
	spec.ChunkSize, spec.BatchSize = 100, 3
	first := startJob(t, s, id, spec)
	firstRun := first.GetRunID() // waiting for the end moves on to the last run
	finishJob(t, first)
	require.Zero(t, api.repeated(t))
	requireProven(t, root, 6000)

	// Canceled and failed ones, for the replay tests.
	canceled := startSlow(t, s, id)
	for _, update := range []string{job.UpdatePause, job.UpdateResume, job.UpdateTune} {
		var tuning job.Tuning
		if update == job.UpdateTune {
			fewer := 2
			tuning.Parallelism = &fewer
		}
		handle, err := s.UpdateWorkflow(t.Context(), client.UpdateWorkflowOptions{
			WorkflowID: canceled.GetID(), UpdateName: update, Args: []any{tuning}, WaitForStage: client.WorkflowUpdateStageCompleted,
		})
		require.NoError(t, err)
		require.NoError(t, handle.Get(t.Context(), nil))
	}
	require.NoError(t, s.SignalWorkflow(t.Context(), canceled.GetID(), "", job.UpdatePause, job.Tuning{}))
	require.NoError(t, s.CancelWorkflow(t.Context(), canceled.GetID(), ""))
	require.Error(t, canceled.Get(t.Context(), nil))
	failing := httpSpec(api.URL+"/none", 1000, 50)
	failing.Output.URI, failing.Canary = "failing", 0
	failed := startJobOn(t, s, id, "failing-"+id, failing)
	require.ErrorContains(t, failed.Get(t.Context(), nil), "max_failures 10% exceeded")

	statuses := map[string]enumspb.WorkflowExecutionStatus{}
	for name, run := range map[string][2]string{
		"continued": {id, firstRun}, "canceled": {canceled.GetID(), ""}, "failed": {failed.GetID(), ""},
	} {
		described, err := s.DescribeWorkflowExecution(t.Context(), run[0], run[1])
		require.NoError(t, err)
		statuses[name] = described.GetWorkflowExecutionInfo().GetStatus()
		record(t, s, name, run[0], run[1])
	}
	record(t, s, "completed", id, "")
	require.Equal(t, map[string]enumspb.WorkflowExecutionStatus{
		"continued": enumspb.WORKFLOW_EXECUTION_STATUS_CONTINUED_AS_NEW,
		"canceled":  enumspb.WORKFLOW_EXECUTION_STATUS_CANCELED,
		"failed":    enumspb.WORKFLOW_EXECUTION_STATUS_FAILED,
	}, statuses)
}

// startSlow is a job that has begun to call, and will not end by itself soon.
func startSlow(t *testing.T, s *server, queue string) client.WorkflowRun {
	t.Helper()
	api := newCountingAPI(t, 5000, 20*time.Millisecond, 300)
	spec := httpSpec(api.URL, 5000, 10)
	spec.Output.URI = "slow"
	spec.ChunkInterval = job.Duration(5 * time.Second)
	run := startJobOn(t, s, queue, "slow-"+queue, spec)
	api.await(t, 300)
	return run
}

func startJobOn(t *testing.T, s *server, queue, id string, spec job.Spec) client.WorkflowRun {
	t.Helper()
	run, err := s.ExecuteWorkflow(t.Context(), client.StartWorkflowOptions{ID: id, TaskQueue: queue}, job.WorkflowType, spec)
	require.NoError(t, err)
	return run
}

// historyOf is that of a run; the last one, if there is none given.
func historyOf(t *testing.T, s *server, id, run string) *historypb.History {
	t.Helper()
	var history historypb.History
	events := s.GetWorkflowHistory(t.Context(), id, run, false, enumspb.HISTORY_EVENT_FILTER_TYPE_ALL_EVENT)
	for events.HasNext() {
		event, err := events.Next()
		require.NoError(t, err)
		history.Events = append(history.Events, event)
	}
	return &history
}

// record keeps a history for the replay tests, if RECORD_HISTORIES names a
// folder: make histories AS=change-
func record(t *testing.T, s *server, name, id, run string) {
	t.Helper()
	dir := os.Getenv("RECORD_HISTORIES")
	if dir == "" {
		return
	}
	data, err := temporalproto.CustomJSONMarshalOptions{Indent: " "}.Marshal(historyOf(t, s, id, run))
	require.NoError(t, err)
	// Which process on which machine it was does not matter.
	data = regexp.MustCompile(`"[0-9]+@[^"]*@[^"]*"`).ReplaceAll(data, []byte(`"worker"`))
	// Nor does who has asked, which is also what SteerJob returns.
	for _, user := range regexp.MustCompile(`"identity": +("[^"@]+@[^"@]+")`).FindAllSubmatch(data, -1) {
		data = bytes.ReplaceAll(data, user[1], []byte(`"client"`))
		data = bytes.ReplaceAll(data, base64.StdEncoding.AppendEncode(nil, user[1]), base64.StdEncoding.AppendEncode(nil, []byte(`"client"`)))
	}
	require.NoError(t, os.WriteFile(filepath.Join(dir, os.Getenv("RECORD_AS")+name+".json"), data, 0o644))
}
