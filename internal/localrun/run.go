package localrun

import (
	"context"
	"fmt"
	"log/slog"
	"path/filepath"
	"time"

	"github.com/dustin/go-humanize"
	"go.temporal.io/sdk/client"

	"longhaul/internal/connect"
	"longhaul/internal/display"
	"longhaul/internal/exitcode"
	"longhaul/internal/host"
	"longhaul/internal/jobclient"
	"longhaul/internal/runfile"
	"longhaul/internal/session"
	"longhaul/job"
)

// workerStopTimeout is long, because the user can stop at once with a second Ctrl-C.
const workerStopTimeout = 24 * time.Hour

// run is one longhaul run.
type run struct {
	Options
	server *connection
	// others says whether other processes ran the job when this one came.
	others bool
	logger *slog.Logger
	// file is run.json of this run. Withdraw ends the announcement that it is starting.
	file     runfile.File
	withdraw func()
}

// Run runs a job to its end and prints what came of it. When ctx is done it stops
// taking records, waits for the calls in flight and returns exitcode.ErrInterrupted.
func Run(ctx context.Context, o Options) error {
	if err := o.complete(ctx); err != nil {
		return err
	}
	logger, closeLog, err := openLog(filepath.Join(o.State, "worker.log"))
	if err != nil {
		return err
	}
	defer closeLog()
	others, leave, err := runfile.Enter(ctx, o.State, o.ID)
	if err != nil {
		return err
	}
	defer leave()
	profile, err := connect.Load(o.Server, logger)
	if err != nil {
		return err
	}
	file := o.runFile(profile)
	withdraw, err := file.Announce()
	defer withdraw()
	if err != nil {
		logger.Warn("other commands do not find this run by its output folder yet", "error", err)
	}
	server, err := openConnection(ctx, profile, o.State)
	if err != nil {
		return err
	}
	r := &run{Options: o, server: server, others: others, logger: logger, file: file, withdraw: withdraw}
	err = r.work(ctx)
	if closeErr := server.close(); closeErr != nil {
		// The job has ended as it has ended.
		r.say("note: %s", closeErr)
	}
	return err
}

// say writes a line for the user.
func (r *run) say(format string, args ...any) { fmt.Fprintf(r.Stderr, format+"\n", args...) }

// work runs a worker until the job has ended or ctx is done.
func (r *run) work(ctx context.Context) error {
	if sample := r.Spec.Sample; sample != nil {
		r.say("a sample of %s records, chosen by seed %d, is called first", humanize.Comma(sample.Records), sample.Seed)
	}
	r.say("job %s, output %s, %s", r.ID, display.ShortPath(r.Spec.Output.URI), r.server.location(r.ID))
	began := time.Now()
	working, endWork := r.server.bind(ctx)
	defer endWork()
	stopped, err := r.begin(working, endWork)
	if stopped == nil {
		return cause(ctx, working, err)
	}
	var summary job.Summary
	if err == nil {
		summary, err = r.follow(working)
	}
	if ctx.Err() != nil {
		r.say("stopping: no more records are taken, calls in flight are waited for; Ctrl-C again to stop at once")
	}
	err = cause(ctx, working, err)
	endWork()
	stopErr := <-stopped
	switch {
	case ctx.Err() != nil && stopErr == nil:
		r.say("stopped; every answer so far is kept. The same command goes on from here")
		return exitcode.ErrInterrupted
	case stopErr != nil && summary.JobID == "":
		return stopErr
	case stopErr != nil:
		// The job is done all the same.
		r.say("note: %s", stopErr)
	}
	if err == nil && summary.Sample != nil {
		return r.goOn(ctx, summary)
	}
	if err == nil {
		return display.Summary(r.Out, r.Spec, summary, time.Since(began))
	}
	if s, folderErr := jobclient.SummarizeFolder(context.WithoutCancel(ctx), r.Spec.Output.URI); folderErr == nil && s != nil {
		display.FirstFailure(r.Stderr, s.Stop)
	}
	return err
}

// begin starts the job, or joins it, and starts the worker. The worker's error comes from the
// channel when it has stopped; without a channel there is no worker.
func (r *run) begin(ctx context.Context, endWork func()) (stopped <-chan error, err error) {
	j := r.joining()
	// If others work for the job, one of them may have what this process lacks.
	others := j.others(ctx)
	j.others = func(context.Context) bool { return others }
	var stale client.WorkflowRun
	join := func() (err error) {
		if stale, err = j.join(ctx); err == nil {
			r.file.TaskQueue, err = j.queue(ctx)
		}
		return err
	}
	if err := r.server.retry(ctx, join); err != nil {
		return nil, err
	}
	ended := make(chan error, 1)
	go func() {
		ended <- r.serve(ctx, r.file.TaskQueue, !others)
		endWork() // without a worker there is nothing to follow
	}()
	for stale != nil && err == nil {
		if err = r.server.retry(ctx, func() error { return j.stop(ctx, stale) }); err == nil {
			err = r.server.retry(ctx, join)
		}
	}
	return ended, err
}

// cause is the error that ended the work: the reason behind a context's end.
func cause(ctx, working context.Context, err error) error {
	switch {
	case err == nil:
		return nil
	case ctx.Err() != nil:
		return exitcode.ErrInterrupted
	case working.Err() != nil:
		return context.Cause(working)
	}
	return err
}

// serve is the worker. One that could not start because the local server was away
// is made again. It works for this job only, see session.OwnJob: others may reach the server.
func (r *run) serve(ctx context.Context, queue string, alone bool) error {
	return r.server.retry(ctx, func() error {
		return host.New(r.server.client, host.Options{
			TaskQueue: queue, Own: &session.OwnJob{WorkflowID: r.ID, Spec: r.Spec}, Alone: alone, AllowEnv: append(r.Spec.EnvNames(), r.AllowEnv...), AllowHosts: r.AllowHosts, AllowExec: true,
			Logger: r.logger, StopTimeout: workerStopTimeout,
		}).Run(ctx)
	})
}

// follow shows the job until it ends, whatever happens to the server.
func (r *run) follow(ctx context.Context) (summary job.Summary, err error) {
	var show *runDisplay
	err = r.server.retry(ctx, func() error {
		var err error
		header := display.Header{Job: r.ID, Output: display.ShortPath(r.Spec.Output.URI), Told: true}
		show = &runDisplay{Display: display.New(r.Stderr, header), file: r.file, withdraw: r.withdraw, news: &r.server.news}
		summary, err = jobclient.Follow(ctx, r.server.client, r.ID, show)
		return err
	})
	if err != nil && ctx.Err() == nil {
		// The job can have ended before anybody has looked at it.
		if s, err := jobclient.Describe(ctx, r.server.client, r.ID); err == nil {
			show.writeFile(s)
		}
	}
	if text := r.server.news.Swap(nil); text != nil && ctx.Err() == nil {
		r.say("%s", *text)
	}
	return summary, err
}
