package main

import (
	"context"
	"errors"
	"fmt"
	"io"
	"strings"

	enumspb "go.temporal.io/api/enums/v1"
	"go.temporal.io/api/serviceerror"
	"go.temporal.io/sdk/client"
	"go.temporal.io/sdk/converter"
	"go.temporal.io/sdk/temporal"

	"longhaul/job"
)

// joining starts a job, or goes on with it if it is open on the server: never a
// second copy.
type joining struct {
	startOptions
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

// join returns when the job runs with this spec, or says why it does not. A job
// that nobody works on but that has other settings must be stopped before: then
// it returns its run.
func (j *joining) join(ctx context.Context) (stale client.WorkflowRun, err error) {
	running, err := openSpec(ctx, j.client, j.id, "")
	if err != nil {
		return nil, err
	}
	if running == nil {
		run, err := start(ctx, j.client, j.startOptions, j.spec)
		if err != nil {
			return nil, err
		}
		// Another run may have been first.
		if running, err = specOf(ctx, j.client, j.id, run.GetRunID()); err != nil || running == nil || running.Same(j.spec) {
			return nil, err
		}
	}
	same := running.Same(j.spec)
	switch {
	case !same && j.spec.Redrive != nil && running.Redrive == nil && j.others(ctx):
		return nil, fmt.Errorf("another longhaul run works on job %s: stop it with longhaul cancel %s, then give this command again", j.id, job.ShellQuote(short(j.spec.Output.URI)))
	case !same:
		if err := running.Accepts(j.spec); err != nil {
			return nil, err
		}
	}
	if j.others(ctx) {
		return nil, j.attach(ctx, *running, same)
	}
	if same {
		say(j.w, "going on with the job that an earlier run has left")
		return nil, nil
	}
	d := compare(*running, running.Settings(), j.spec)
	say(j.w, "going on with the job that an earlier run has left, with the new settings:%s", lines(append(d.tunable, d.others...)))
	return j.client.GetWorkflow(ctx, j.id, ""), nil
}

// attach goes on with a job that another run works on.
func (j *joining) attach(ctx context.Context, running job.Spec, same bool) error {
	if same {
		say(j.w, "another longhaul run works on this job: this one joins it")
		return nil
	}
	inForce := running.Settings()
	if s, err := look(ctx, j.client, j.id); err == nil && s.known && s.Settings.Parallelism > 0 {
		inForce = s.Settings
	}
	inForce.Paused = false
	d := compare(running, inForce, j.spec)
	output := short(j.spec.Output.URI)
	switch {
	case d.none():
		say(j.w, "another longhaul run works on this job, with these settings: this one joins it")
		return nil
	case len(d.others) > 0:
		return &usageError{fmt.Errorf("another longhaul run works on this job, with other settings:%s\nThey count for a job that is started again: stop it with longhaul cancel %s, then give this command again",
			lines(append(d.tunable, d.others...)), job.ShellQuote(output))}
	}
	say(j.w, "another longhaul run works on this job, with other settings:%s", lines(d.tunable))
	if !j.yes {
		if err := j.ask(ctx, d.command(output)); err != nil {
			return err
		}
	}
	if _, err := update(ctx, j.client, j.id, job.UpdateTune, d.tuning); err != nil {
		return err
	}
	say(j.w, "changed; this run joins it")
	return nil
}

// ask returns nil if the user wants the change.
func (j *joining) ask(ctx context.Context, command string) error {
	if j.answer == nil {
		return &usageError{fmt.Errorf("change them with: %s, or give this command with --yes", command)}
	}
	yes, err := j.answer(ctx, "Change them in the running job? [y/N] ")
	if err == nil && !yes {
		err = &usageError{fmt.Errorf("nothing was changed; follow the job as it is with longhaul watch %s", job.ShellQuote(short(j.spec.Output.URI)))}
	}
	return err
}

// stop cancels a run of the job, and waits for its end. It needs a worker.
func (j *joining) stop(ctx context.Context, run client.WorkflowRun) error {
	err := j.client.CancelWorkflow(ctx, j.id, "")
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

// openSpec is the spec of the job if it runs now, else nil.
func openSpec(ctx context.Context, c client.Client, id, runID string) (*job.Spec, error) {
	described, err := c.DescribeWorkflowExecution(ctx, id, runID)
	var missing *serviceerror.NotFound
	if errors.As(err, &missing) || err == nil && described.GetWorkflowExecutionInfo().GetStatus() != enumspb.WORKFLOW_EXECUTION_STATUS_RUNNING {
		return nil, nil
	}
	if err != nil {
		return nil, noSuchJob(id, err)
	}
	return specOf(ctx, c, id, runID)
}

// specOf is the spec that a job was started with; nil if it was started by
// something that does not tell.
func specOf(ctx context.Context, c client.Client, id, runID string) (*job.Spec, error) {
	described, err := c.DescribeWorkflowExecution(ctx, id, runID)
	if err != nil {
		return nil, noSuchJob(id, err)
	}
	payload, ok := described.GetWorkflowExecutionInfo().GetMemo().GetFields()[memoSpec]
	if !ok {
		return nil, nil
	}
	var spec job.Spec
	return &spec, converter.GetDefaultDataConverter().FromPayload(payload, &spec)
}

// isYes reads an answer.
func isYes(answer string) bool {
	switch strings.ToLower(strings.TrimSpace(answer)) {
	case "y", "yes":
		return true
	}
	return false
}
