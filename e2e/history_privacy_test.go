package e2e

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"net/http"
	"net/http/httptest"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/require"
	enumspb "go.temporal.io/api/enums/v1"
	"go.temporal.io/sdk/client"

	"longhaul"
	"longhaul/calls"
	"longhaul/job"
)

// private is in every record, answer and error of the jobs below. It is upper-case, because
// a URL's host would be made lower-case.
const private = "PRIVATE-7C3D91"

// privateAPI answers in all ways that end in a failure, and quotes the record.
func privateAPI(t *testing.T) string {
	t.Helper()
	api := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		switch r.PathValue("how") {
		case "redirect":
			http.Redirect(w, r, "http://169.254.169.254/"+private, http.StatusFound)
		case "loop":
			http.Redirect(w, r, r.URL.String()+"x", http.StatusFound)
		case "broken":
			panic(http.ErrAbortHandler)
		case "ok":
			fmt.Fprintf(w, `{"a":%q}`, private)
		default:
			var status int
			_, _ = fmt.Sscan(r.PathValue("how"), &status)
			http.Error(w, "no "+private+": "+r.URL.String(), status)
		}
	}))
	t.Cleanup(api.Close)
	mux := http.NewServeMux()
	mux.Handle("/{how}/{record}", api.Config.Handler)
	api.Config.Handler = mux
	return api.URL
}

// privateSpec calls the API for three records; all fail.
func privateSpec(url string, change func(*job.Spec)) job.Spec {
	spec := job.DefaultSpec()
	call := job.DefaultHTTPSpec()
	call.URL = url
	spec.Input.URI, spec.Output.URI, spec.Call.HTTP = "in.txt", "out", &call
	spec.ChunkInterval, spec.HeartbeatTimeout = 0, job.Duration(time.Second)
	spec.Retry = job.RetrySpec{MaximumAttempts: 2, BackoffCoefficient: 1, InitialInterval: job.Duration(time.Millisecond), MaximumInterval: job.Duration(time.Millisecond)}
	spec.Outage.After = 0
	spec.MaxFailures, spec.Canary = job.FailureLimit{Value: 100, Percent: true}, 0
	if change != nil {
		change(&spec)
	}
	return spec
}

func privateFunc(name string) func(*job.Spec) {
	return func(s *job.Spec) {
		call := job.DefaultFuncSpec()
		call.Name = name
		s.Call = job.CallSpec{Func: &call}
	}
}

func privateExec(script string) func(*job.Spec) {
	return func(s *job.Spec) {
		call := job.DefaultExecSpec()
		call.Command = []string{"sh", "-c", "m=PRIVATE-; m=${m}7C3D91; " + strings.ReplaceAll(script, "MARKER", "$m")}
		s.Call = job.CallSpec{Exec: &call}
	}
}

// Promise 6: no record, no answer and no part of an answer goes through Temporal, however
// calls fail. Kinds, statuses and counts do.
func TestNoRecordAndNoAnswerGoThroughTemporal(t *testing.T) {
	t.Parallel()
	url := privateAPI(t)
	outage := func(s *job.Spec) {
		s.Outage = job.OutageSpec{After: job.Duration(100 * time.Millisecond), ProbeInterval: job.Duration(200 * time.Millisecond), GiveUp: job.Duration(3 * time.Second)}
		s.Retry.MaximumAttempts = 1000
	}
	for name, spec := range map[string]job.Spec{
		"status":      privateSpec(url+"/404/{{.}}", nil),
		"stopped":     privateSpec(url+"/401/{{.}}", func(s *job.Spec) { s.Canary = 2 }),
		"failures":    privateSpec(url+"/404/{{.}}", func(s *job.Spec) { s.MaxFailures = job.FailureLimit{} }),
		"outage":      privateSpec(url+"/503/{{.}}", outage),
		"at start":    privateSpec(url+"/500/{{.}}", func(s *job.Spec) { outage(s); s.Canary = 20; s.Outage.GiveUpAtStart = job.Duration(time.Second) }),
		"throttled":   privateSpec(url+"/429/{{.}}", func(s *job.Spec) { outage(s); s.Outage.GiveUp = job.Duration(time.Second) }),
		"redirect":    privateSpec(url+"/redirect/{{.}}", nil),
		"loop":        privateSpec(url+"/loop/{{.}}", nil),
		"connection":  privateSpec(url+"/broken/{{.}}", nil),
		"host":        privateSpec("http://{{.}}.invalid/x", nil),
		"select":      privateSpec(url+"/ok/{{.}}", func(s *job.Spec) { s.Call.HTTP.Select = ".b" }),
		"select type": privateSpec(url+"/ok/{{.}}", func(s *job.Spec) { s.Call.HTTP.Select = ".a | keys" }),
		"too large":   privateSpec(url+"/ok/{{.}}", func(s *job.Spec) { s.Call.HTTP.MaxResponseBytes = 2 }),
		"stop_if":     privateSpec(url+"/ok/{{.}}", func(s *job.Spec) { s.Call.HTTP.StopIf = ".body.a != null" }),
		"fail_if":     privateSpec(url+"/ok/{{.}}", func(s *job.Spec) { s.Call.HTTP.FailIf = ".body.a != null" }),
		"template":    privateSpec(url+"/ok/{{index . .}}", nil),
		"variable":    privateSpec(url+"/ok/{{env .}}", nil),
		"bad URL":     privateSpec("{{.}}", nil),
		"error":       privateSpec("", privateFunc("error")),
		"kind":        privateSpec("", privateFunc("kind")),
		"panic":       privateSpec("", privateFunc("panic")),
		"stderr":      privateSpec("", privateExec(`read r; echo "MARKER $r" >&2; exit 3`)),
		"error line":  privateSpec("", privateExec(`while read r; do echo "{\"error\":{\"message\":\"MARKER\",\"kind\":\"MARKER $r\"}}"; done`)),
		"no JSON":     privateSpec("", privateExec(`while read r; do echo "MARKER $r"; done`)),
		"two lines":   privateSpec("", privateExec(`while read r; do echo 1; echo "MARKER"; done`)),
		"no such CSV": privateSpec("http://x/{{.}}", func(s *job.Spec) { s.Input.Format = job.FormatCSV }),
		"no JSONL":    privateSpec("http://x/{{.}}", func(s *job.Spec) { s.Input.Format = job.FormatJSONL }),
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			root, id := t.TempDir(), newID(t)
			line := private + "," + private + "," + private + "\n"
			require.NoError(t, os.WriteFile(filepath.Join(root, "in.txt"), []byte(strings.Repeat(line, 25)), 0o644))
			startPluginWorker(t, id, longhaul.PluginOptions{
				Root: root, AllowExec: true, Logger: slog.New(slog.DiscardHandler), Functions: privateFunctions(),
			})
			run := startJob(t, shared, id, spec)
			requireNothingPrivate(t, id, run)
			if err := run.Get(t.Context(), nil); err == nil {
				errors, err := os.ReadFile(filepath.Join(root, "out", "errors-000000.jsonl"))
				require.NoError(t, err)
				require.Contains(t, string(errors), private, "there the text is")
			}
		})
	}
}

func privateFunctions() []calls.Function {
	return []calls.Function{
		calls.Func("error", func(_ context.Context, in string) (int, error) { return 0, errors.New(private + in) }),
		calls.Func("kind", func(_ context.Context, in string) (int, error) {
			return 0, &job.CallError{Kind: "no " + in, Message: in}
		}),
		calls.Func("panic", func(_ context.Context, in string) (int, error) { panic(in) }),
	}
}

// requireNothingPrivate looks at all that the server knows of a job until it has ended:
// heartbeats and failures of pending activities, the progress, and then every event.
func requireNothingPrivate(t *testing.T, id string, run client.WorkflowRun) {
	t.Helper()
	for ended := false; !ended; {
		described, err := shared.DescribeWorkflowExecution(t.Context(), id, run.GetRunID())
		require.NoError(t, err)
		require.NotContains(t, described.String(), private)
		ended = described.GetWorkflowExecutionInfo().GetStatus() != enumspb.WORKFLOW_EXECUTION_STATUS_RUNNING
		answer, err := shared.QueryWorkflow(t.Context(), id, "", job.QueryProgress)
		require.NoError(t, err)
		var progress map[string]any
		require.NoError(t, answer.Get(&progress))
		require.NotContains(t, fmt.Sprint(progress), private)
	}
	err := run.Get(t.Context(), nil)
	require.NotContains(t, fmt.Sprint(err), private)
	require.NotContains(t, fmt.Sprint(err), "workflow execution already completed")
	events := shared.GetWorkflowHistory(t.Context(), id, run.GetRunID(), false, enumspb.HISTORY_EVENT_FILTER_TYPE_ALL_EVENT)
	seen := 0
	for ; events.HasNext(); seen++ {
		event, err := events.Next()
		require.NoError(t, err)
		require.NotContains(t, event.String(), private)
	}
	require.Greater(t, seen, 5)
}
