package activities_test

import (
	"context"
	"errors"
	"os"
	"path/filepath"
	"testing"
	"time"

	"github.com/stretchr/testify/require"
	"go.temporal.io/sdk/activity"
	"go.temporal.io/sdk/converter"
	"go.temporal.io/sdk/temporal"
	"go.temporal.io/sdk/testsuite"

	"longhaul/activities"
	"longhaul/calls"
	"longhaul/internal/output"
	"longhaul/internal/session"
	"longhaul/job"
)

// siteWith is a worker on the root that is not the only one.
func siteWith(t *testing.T, root string, options session.Options) *site {
	t.Helper()
	store, err := output.LocalStore(root)
	require.NoError(t, err)
	options.Store = store
	s := &site{t: t, root: root, jobs: session.NewRegistry(options)}
	t.Cleanup(func() { require.NoError(t, s.jobs.Close()) })
	s.act = activities.New(s.jobs)
	var suite testsuite.WorkflowTestSuite
	s.env = suite.NewTestActivityEnvironment()
	s.env.RegisterActivity(s.act)
	return s
}

// requirePassedOn says that another worker may take the task soon.
func requirePassedOn(t *testing.T, err error, message string) {
	t.Helper()
	requireKind(t, err, job.KindWorkerLacks, message)
	var application *temporal.ApplicationError
	require.ErrorAs(t, err, &application)
	require.Positive(t, application.NextRetryDelay())
	require.Less(t, application.NextRetryDelay(), 20*time.Second)
}

// What a worker lacks is found before a chunk joins the pool: no journal, no failed record.
func TestWhatAWorkerLacksIsPassedOn(t *testing.T) {
	t.Parallel()
	able := calls.Options{
		AllowExec: true, Env: func(string) (string, error) { return "x", nil },
		Functions: []calls.Function{calls.Func("f", func(_ context.Context, n any) (any, error) { return n, nil })},
	}
	env := func(s *job.Spec) { s.Call.HTTP.Headers = map[string]string{"A": `{{env "API_KEY"}}`} }
	for name, c := range map[string]struct {
		change  func(*job.Spec)
		lacking func(*calls.Options)
		message string
	}{
		"variable": {env, func(o *calls.Options) { o.Env = session.AllowedEnv(nil) }, "the worker does not allow the environment variable API_KEY: start it with --allow-env API_KEY"},
		"unset":    {env, func(o *calls.Options) { o.Env = session.AllowedEnv([]string{"API_KEY"}) }, "API_KEY is allowed, but not set where the worker runs"},
		"host":     {nil, func(o *calls.Options) { o.AllowHosts = []string{"*.example.com"} }, "127.0.0.1 is not among the hosts that this worker may call: see --allow-host"},
		"a record's host": {
			func(s *job.Spec) { s.Call.HTTP.URL = "http://{{.}}/" }, func(o *calls.Options) { o.AllowHosts = []string{"*.example.com"} },
			"the host of record 0 is not among those that this worker may call: see --allow-host",
		},
		"metadata": {
			func(s *job.Spec) { s.Call.HTTP.URL = "http://169.254.169.254/{{.}}" }, func(*calls.Options) {},
			"start the worker with --allow-host 169.254.169.254 if it is meant",
		},
		"exec": {
			func(s *job.Spec) {
				s.Call = job.CallSpec{Exec: &job.ExecSpec{Command: []string{"cat"}, Timeout: 1e9, MaxResponseBytes: 9}}
			},
			func(o *calls.Options) { o.AllowExec = false }, "this worker does not run programs; start it with --allow-exec",
		},
		"function": {
			func(s *job.Spec) { s.Call = job.CallSpec{Func: &job.FuncSpec{Name: "f", Timeout: 1e9}} },
			func(o *calls.Options) { o.Functions = nil }, `this worker has no function "f"`,
		},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			root := t.TempDir()
			spec := httpSpec("in.txt", "http://127.0.0.1:1/{{.}}")
			if c.change != nil {
				c.change(&spec)
			}
			complete, incomplete := able, able
			complete.AllowHosts = []string{"*", "169.254.169.254"}
			c.lacking(&incomplete)
			first, second := siteWith(t, root, session.Options{Calls: complete}), siteWith(t, root, session.Options{Calls: incomplete})
			first.write("in.txt", "x\n")
			_, err := second.index(spec)
			requirePassedOn(t, err, c.message)
			require.NoDirExists(t, filepath.Join(root, "out"))
			plan, err := first.index(spec)
			require.NoError(t, err)
			_, err = second.process(plan.Ref, job.Chunk{Range: job.Range{Last: 1}, Grant: job.LaneGrant{Calls: 1}})
			requirePassedOn(t, err, c.message)
			require.NoDirExists(t, filepath.Join(root, "out", "_longhaul", "journal"))

			// What needs no call it can do.
			_, err = second.env.ExecuteActivity(second.act.SteerJob, plan.Ref, job.Control{Epoch: plan.Epoch}, job.Request{})
			require.NoError(t, err)
			_, err = second.env.ExecuteActivity(second.act.FinishJob, plan.Ref)
			requireKind(t, err, job.KindOutput, "is missing")
		})
	}
}

func TestAWrongRootIsPassedOn(t *testing.T) {
	t.Parallel()
	first, second := siteWith(t, t.TempDir(), session.Options{}), siteWith(t, t.TempDir(), session.Options{})
	first.write("in.txt", "x\n")
	spec := sleepSpec("in.txt")
	_, err := second.index(spec)
	requirePassedOn(t, err, "in.txt: there is no such file")
	plan, err := first.index(spec)
	require.NoError(t, err)
	everyActivity := func(message string) {
		_, err = second.process(plan.Ref, job.Chunk{Range: job.Range{Last: 1}, Grant: job.LaneGrant{Calls: 1}})
		requirePassedOn(t, err, message)
		_, err = second.env.ExecuteActivity(second.act.FlushBatch, plan.Ref, job.Batch{Range: job.Range{Last: 1}})
		requirePassedOn(t, err, message)
		_, err = second.env.ExecuteActivity(second.act.FinishJob, plan.Ref)
		requirePassedOn(t, err, message)
		_, err = second.env.ExecuteActivity(second.act.SteerJob, plan.Ref, job.Control{}, job.Request{})
		requirePassedOn(t, err, message)
	}
	everyActivity("out: the output folder is gone")

	second.write("in.txt", "y\nz\n")
	for range 3 { // another job's claims are not this one's
		_, err = second.index(spec)
		require.NoError(t, err)
	}
	everyActivity("out: the output folder is not that of job")

	absolute := sleepSpec(filepath.Join(first.root, "in.txt"))
	_, err = second.index(absolute)
	requirePassedOn(t, err, "the path leaves the worker's root")

	// A folder of the input's that is not there any more.
	require.NoError(t, os.Remove(filepath.Join(first.root, "in.txt")))
	_, err = first.process(plan.Ref, job.Chunk{Range: job.Range{Last: 1}, Grant: job.LaneGrant{Calls: 1}})
	requirePassedOn(t, err, "in.txt: there is no such file")
}

// The time that a job waits for a worker is counted over attempts, and begins anew after
// an attempt that lacked nothing.
func TestCapabilityTimeout(t *testing.T) {
	t.Parallel()
	s := siteWith(t, t.TempDir(), session.Options{})
	spec := sleepSpec("in.txt")
	spec.CapabilityTimeout = job.Duration(time.Minute)
	var beats []job.Heartbeat
	s.env.SetOnActivityHeartbeatListener(func(_ *activity.Info, details converter.EncodedValues) {
		var beat job.Heartbeat
		if details.Get(&beat) == nil {
			beats = append(beats, beat)
		}
	})
	_, err := s.index(spec)
	requirePassedOn(t, err, "there is no such file")
	require.Len(t, beats, 1)
	require.Equal(t, 1, beats[0].Lack.Times)

	s.env.SetHeartbeatDetails(job.Heartbeat{Lack: &job.Lack{Since: time.Now().Add(-50 * time.Second), Times: 7}})
	_, err = s.index(spec)
	requirePassedOn(t, err, "there is no such file")
	require.Equal(t, 8, beats[1].Lack.Times)

	s.env.SetHeartbeatDetails(job.Heartbeat{Lack: &job.Lack{Since: time.Now().Add(-2 * time.Minute), Times: 9}})
	_, err = s.index(spec)
	requireKind(t, err, job.KindInput, "no worker could take the job for 1m0s (capability_timeout); the last one said: in.txt: there is no such file; relative paths start from")
	var application *temporal.ApplicationError
	require.True(t, errors.As(err, &application) && application.NonRetryable())

	s.write("in.txt", "x\n")
	_, err = s.index(spec)
	require.NoError(t, err)
	require.Nil(t, beats[len(beats)-1].Lack, "the next attempt knows")
	require.Len(t, beats, 3)
}

// A spec that no worker can do is refused at once.
func TestASpecThatNoWorkerCanDo(t *testing.T) {
	t.Parallel()
	s := siteWith(t, t.TempDir(), session.Options{})
	s.write("in.txt", "x\n")
	outside := sleepSpec("../in.txt")
	_, err := s.index(outside)
	requireKind(t, err, job.KindSpec, "the path leaves the worker's root")
	_, err = s.index(httpSpec("in.txt", "http://x/{{.a"))
	requireKind(t, err, job.KindSpec, "the template does not parse")
}

// A worker is asked again: what it lacked may be there now.
func TestAWorkerGetsWhatItLacked(t *testing.T) {
	t.Parallel()
	root := t.TempDir()
	s := siteWith(t, root, session.Options{Calls: calls.Options{AllowExec: true, Dir: root}})
	s.write("in.txt", "x\n")
	spec := sleepSpec("in.txt")
	call := job.DefaultExecSpec()
	call.Command = []string{"./tool"}
	spec.Call = job.CallSpec{Exec: &call}
	tool := filepath.Join(root, "tool")
	install := func() { require.NoError(t, os.WriteFile(tool, []byte("#!/bin/sh\nexec cat\n"), 0o755)) }

	_, err := s.index(spec)
	requirePassedOn(t, err, `the program "./tool" cannot be run`)
	install()
	plan, err := s.index(spec)
	require.NoError(t, err)
	require.NoError(t, os.Remove(tool))
	chunk := job.Chunk{Range: job.Range{Last: 1}, Grant: job.LaneGrant{Calls: 1}}
	_, err = s.process(plan.Ref, chunk)
	requirePassedOn(t, err, `the program "./tool" cannot be run`)
	install()
	receipt, err := s.process(plan.Ref, chunk)
	require.NoError(t, err)
	require.EqualValues(t, 1, receipt.Succeeded)
}
