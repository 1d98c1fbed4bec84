package localrun

import (
	"context"
	"errors"
	"fmt"
	"io"

	"go.temporal.io/api/serviceerror"
	"go.temporal.io/sdk/client"
	"go.temporal.io/sdk/temporal"

	"longhaul/internal/display"
	"longhaul/internal/jobclient"
	"longhaul/internal/runfile"
	"longhaul/job"
)

// joining starts a job, or goes on with it if it is open on the server: never a
// second copy.
type joining struct {
	jobclient.StartOptions
	client client.Client
	spec   job.Spec
	w      io.Writer
	// answer asks the user a question on the terminal; nil without one.
	answer func(ctx context.Context, question string) (bool, error)
	// yes changes settings without asking.
	yes bool
	// others says whether other processes run the job.
	others func(ctx context.Context) bool
}

// joining says how to begin.
func (r *run) joining() *joining {
	return &joining{
		StartOptions: jobclient.StartOptions{ID: r.ID, Queue: runfile.NewTaskQueue(), Join: true},
		client:       r.server.client, spec: r.Spec, w: r.Stderr, answer: asker(r.In, r.Stderr), yes: r.Yes,
		others: func(ctx context.Context) bool {
			if r.others || r.server.local != nil {
				return r.others
			}
			// A run elsewhere may work on it: then its worker answers. Ours has not
			// started yet.
			s, err := jobclient.Describe(ctx, r.server.client, r.ID)
			return err == nil && s.Known
		},
	}
}

// queue is the task queue of the job on the server: another run may have been first, or an
// earlier one may have left it. The next run of the job is started on the same.
func (j *joining) queue(ctx context.Context) (string, error) {
	described, err := j.client.DescribeWorkflowExecution(ctx, j.ID, "")
	if err == nil {
		j.Queue = described.GetExecutionConfig().GetTaskQueue().GetName()
	}
	return j.Queue, err
}

// join returns when the job runs with this spec, or says why it does not. A job
// that nobody works on but that has other settings must be stopped before: then
// it returns its run.
func (j *joining) join(ctx context.Context) (stale client.WorkflowRun, err error) {
	running, err := jobclient.OpenSpec(ctx, j.client, j.ID)
	if err != nil {
		return nil, err
	}
	if running == nil {
		run, err := jobclient.Start(ctx, j.client, j.StartOptions, j.spec)
		if err != nil {
			return nil, err
		}
		// Another run may have been first.
		if running, err = jobclient.SpecOf(ctx, j.client, j.ID, run.GetRunID()); err != nil || running == nil || running.Same(j.spec) {
			return nil, err
		}
	}
	if j.spec.Sample != nil && running.Sample == nil {
		fmt.Fprintf(j.w, "the job runs already, with all its records: there is no sample\n")
		j.spec.Sample = nil
	}
	same := running.Same(j.spec)
	switch {
	case !same && j.spec.Redrive != nil && running.Redrive == nil && j.others(ctx):
		return nil, fmt.Errorf("another longhaul run works on job %s: stop it with longhaul cancel %s, then give this command again", j.ID, job.ShellQuote(display.ShortPath(j.spec.Output.URI)))
	case !same:
		if err := running.AsksTheSame(j.spec); err != nil {
			return nil, err
		}
	}
	if j.others(ctx) {
		return nil, j.attach(ctx, *running, same)
	}
	if same {
		fmt.Fprintf(j.w, "going on with the job that an earlier run has left\n")
		return nil, nil
	}
	d := compare(*running, running.Settings(), j.spec)
	fmt.Fprintf(j.w, "going on with the job that an earlier run has left, with the new settings:%s\n", lines(append(d.tunable, d.others...)))
	return j.client.GetWorkflow(ctx, j.ID, ""), nil
}

// stop cancels a run of the job, and waits for its end. It needs a worker.
func (j *joining) stop(ctx context.Context, run client.WorkflowRun) error {
	err := j.client.CancelWorkflow(ctx, j.ID, "")
	var ended *serviceerror.NotFound
	if err != nil && !errors.As(err, &ended) {
		return err
	}
	// However it ends: if it was done, there is nothing left to do.
	var failed *temporal.WorkflowExecutionError
	if err := run.Get(ctx, nil); err != nil && !errors.As(err, &failed) {
		return err
	}
	return nil
}
