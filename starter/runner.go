package main

import (
	"context"
	"io"
	"log/slog"
	"os"
	"time"

	"github.com/spf13/cobra"
	"go.temporal.io/sdk/client"

	"longhaul/internal/host"
	"longhaul/job"
)

// runner is one longhaul run.
type runner struct {
	*runOptions
	session *session
	cmd     *cobra.Command
	w       io.Writer
	spec    job.Spec
	// others says whether other processes ran the job when this one came.
	others bool
	logger *slog.Logger
}

// queue is one of the job's own: another worker would look for the paths below its
// root.
func (r *runner) queue() string { return "longhaul-run-" + shortHash(r.spec.Output.URI) }

// work runs a worker until the job has ended or ctx is done.
func (r *runner) work(ctx context.Context) error {
	say(r.w, "job %s, output %s, %s", r.id, short(r.spec.Output.URI), r.session.place(r.id))
	began := time.Now()
	working, endWork := r.session.bind(ctx)
	defer endWork()
	joining := r.joining()
	var stale client.WorkflowRun
	join := func() (err error) {
		stale, err = joining.join(working)
		return err
	}
	if err := r.session.persist(working, join); err != nil {
		return r.ended(ctx, working, err)
	}
	stopped := make(chan error, 1)
	go func() {
		stopped <- r.serve(working)
		endWork() // without a worker there is nothing to follow
	}()
	var err error
	for stale != nil && err == nil {
		if err = r.session.persist(working, func() error { return joining.stop(working, stale) }); err == nil {
			err = r.session.persist(working, join)
		}
	}
	var summary job.Summary
	if err == nil {
		summary, err = r.follow(working)
	}
	if ctx.Err() != nil {
		say(r.w, "stopping: no more records are taken, calls in flight are waited for; Ctrl-C again to stop at once")
	}
	err = r.ended(ctx, working, err)
	endWork()
	stopErr := <-stopped
	switch {
	case ctx.Err() != nil && stopErr == nil:
		say(r.w, "stopped; every answer so far is kept. The same command goes on from here")
		return errInterrupted
	case stopErr != nil && summary.JobID == "":
		return stopErr
	case stopErr != nil:
		// The job is done all the same.
		say(r.w, "note: %s", stopErr)
	}
	if err == nil {
		return report(r.cmd.OutOrStdout(), r.spec, summary, time.Since(began))
	}
	if s, standErr := standingOf(context.WithoutCancel(ctx), r.spec.Output.URI); standErr == nil && s != nil {
		printFirstFailure(r.w, s.stop)
	}
	return err
}

// ended is the error that ended the work: the reason behind a context's end.
func (r *runner) ended(ctx, working context.Context, err error) error {
	switch {
	case err == nil:
		return nil
	case ctx.Err() != nil:
		return errInterrupted
	case working.Err() != nil:
		return context.Cause(working)
	}
	return err
}

// serve is the worker. One that could not start because the local server was away
// is made again.
func (r *runner) serve(ctx context.Context) error {
	return r.session.persist(ctx, func() error {
		return host.New(r.session.client, host.Options{
			TaskQueue: r.queue(), AllowEnv: append(r.spec.EnvNames(), r.allowEnv...), AllowHosts: r.allowHosts, AllowExec: true,
			Logger: r.logger, StopTimeout: 24 * time.Hour,
		}).Run(ctx)
	})
}

// joining is how to begin.
func (r *runner) joining() *joining {
	return &joining{
		startOptions: startOptions{id: r.id, queue: r.queue(), join: true},
		client:       r.session.client, spec: r.spec, w: r.w, answer: asker(r.cmd), yes: r.yes,
		others: func(ctx context.Context) bool {
			if r.others || r.session.local != nil {
				return r.others
			}
			// A run elsewhere may work on it: then its worker answers. Ours has not
			// started yet.
			s, err := look(ctx, r.session.client, r.id)
			return err == nil && s.known
		},
	}
}

// follow shows how the job goes until it ends, whatever happens to the server.
func (r *runner) follow(ctx context.Context) (summary job.Summary, err error) {
	kept := r.note()
	err = r.session.persist(ctx, func() error {
		var err error
		show := &noting{display: newDisplay(r.w, header{Job: r.id, Output: short(r.spec.Output.URI), Told: true}), note: kept, news: &r.session.again}
		summary, err = follow(ctx, r.session.client, r.id, show)
		return err
	})
	if text := r.session.again.Swap(nil); text != nil && ctx.Err() == nil {
		say(r.w, "%s", *text)
	}
	return summary, err
}

// note is for those who look for the job by its folder.
func (r *runner) note() note {
	folder, _ := os.Getwd() // without one, the command is shown as it was given
	n := note{WorkflowID: r.id, TaskQueue: r.queue(), Output: r.spec.Output.URI, Folder: folder, Command: commandLine(os.Args)}
	if r.session.local != nil {
		n.State, n.Namespace = r.stateDir, r.session.namespace
	} else {
		n.Address, n.Namespace = r.session.address, r.session.namespace
	}
	return n
}
