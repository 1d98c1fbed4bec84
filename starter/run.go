package main

import (
	"context"
	"crypto/sha256"
	"encoding/hex"
	"errors"
	"fmt"
	"io"
	"log/slog"
	"os"
	"os/signal"
	"path/filepath"
	"syscall"
	"time"

	"github.com/spf13/cobra"
	"go.temporal.io/sdk/client"

	"longhaul/internal/connect"
	"longhaul/internal/host"
	"longhaul/job"
)

type runOptions struct {
	connect    *connect.Flags
	spec       specFlags
	id         string
	stateDir   string
	allowEnv   []string
	allowHosts []string
	exec       bool
}

func runCommand(flags *connect.Flags) *cobra.Command {
	o := runOptions{connect: flags}
	cmd := &cobra.Command{
		Use:   "run SPEC",
		Short: "Run a job here, with a worker of its own, to its end",
		Long: `Run a job here, with a worker of its own, to its end.

Without an address a local Temporal server is started, whose state lives in
.longhaul beside SPEC. Paths are relative to the current directory. The same
command again, after whatever crash, goes on with the same job.

Ctrl-C stops taking records and waits for the calls in flight; a second Ctrl-C
stops at once.`,
		Example: `  longhaul run job.yaml
  longhaul run job.yaml --input records.csv --output out --parallelism 500
  longhaul run job.yaml --address localhost:7233`,
		Args: oneArgument("SPEC"),
		RunE: func(cmd *cobra.Command, args []string) error {
			spec, err := o.spec.load(cmd, args[0])
			if err != nil {
				return err
			}
			return o.run(cmd, spec, args[0])
		},
	}
	o.register(cmd)
	return cmd
}

func (o *runOptions) register(cmd *cobra.Command) {
	o.spec.register(cmd)
	cmd.Flags().StringVar(&o.id, "id", "", "workflow id (default: made from the output folder)")
	cmd.Flags().StringVar(&o.stateDir, "state", "", "folder of the local server (default: .longhaul beside SPEC)")
	cmd.Flags().StringSliceVar(&o.allowEnv, "allow-env", nil, "environment variable that templates may use; may be repeated")
	cmd.Flags().StringSliceVar(&o.allowHosts, "allow-host", nil, `host that the job may call, such as "*.example.com"; may be repeated (default: all but link-local and metadata addresses)`)
	cmd.Flags().BoolVar(&o.exec, "allow-exec", false, "let the job run programs on this machine (call.exec)")
}

// run runs a spec that was read from the file; "-" for none.
func (o *runOptions) run(cmd *cobra.Command, spec job.Spec, file string) error {
	if err := absolutePaths(&spec); err != nil {
		return err
	}
	if err := o.complete(spec, file); err != nil {
		return err
	}
	ctx, stop := interruptible(cmd.Context(), cmd.ErrOrStderr())
	defer stop()

	logger, closeLog, err := fileLogger(filepath.Join(o.stateDir, "worker.log"))
	if err != nil {
		return err
	}
	defer closeLog()
	c, leave, err := o.server(ctx, cmd.ErrOrStderr(), logger)
	if err != nil {
		return err
	}
	err = o.work(ctx, cmd, c, spec, logger)
	c.Close()
	return errors.Join(err, leave())
}

// complete fills in what follows from the spec.
func (o *runOptions) complete(spec job.Spec, file string) error {
	if o.id == "" {
		o.id = "longhaul-" + filepath.Base(spec.Output.URI) + "-" + shortHash(spec.Output.URI)
	}
	if o.stateDir != "" {
		return nil
	}
	beside := "."
	if file != "-" {
		beside = filepath.Dir(file)
	}
	o.stateDir = filepath.Join(beside, ".longhaul")
	return nil
}

// server finds or starts a server; leave must be called after the client has
// been closed.
func (o *runOptions) server(ctx context.Context, w io.Writer, logger *slog.Logger) (c client.Client, leave func() error, err error) {
	settings, err := connect.Load(*o.connect, logger)
	if err != nil {
		return nil, nil, err
	}
	leave = func() error { return nil }
	if !settings.Named {
		local, err := connect.StartLocal(ctx, o.stateDir, settings.Options)
		if err != nil {
			return nil, nil, err
		}
		say(w, "Temporal Web UI: %s", local.UI)
		settings.Options.HostPort, leave = local.Address, local.Close
	}
	c, err = connect.Dial(ctx, settings.Options)
	if err != nil {
		return nil, nil, errors.Join(err, leave())
	}
	return c, leave, nil
}

// work runs a worker until the job has ended or ctx is done.
func (o *runOptions) work(ctx context.Context, cmd *cobra.Command, c client.Client, spec job.Spec, logger *slog.Logger) error {
	// A queue of its own: another worker would look for the paths below its root.
	queue := "longhaul-run-" + shortHash(spec.Output.URI)
	worker, err := host.New(c, host.Options{
		TaskQueue: queue, AllowEnv: o.allowEnv, AllowHosts: o.allowHosts, AllowExec: o.exec,
		Logger: logger, StopTimeout: 24 * time.Hour,
	})
	if err != nil {
		return err
	}
	began := time.Now()
	working, endWork := context.WithCancel(ctx)
	defer endWork()
	stopped := make(chan error, 1)
	go func() {
		stopped <- worker.Run(working)
		endWork() // without a worker there is nothing to follow
	}()

	w := cmd.ErrOrStderr()
	var summary job.Summary
	err = join(working, c, w, startOptions{id: o.id, queue: queue, join: true}, spec)
	if err == nil {
		summary, err = follow(working, c, o.id, newDisplay(w, header{Job: o.id, Output: spec.Output.URI}))
	}
	interrupted := ctx.Err() != nil
	if interrupted {
		say(w, "stopping: no more records are taken, calls in flight are waited for; Ctrl-C again to stop at once")
	}
	endWork()
	if stopErr := <-stopped; stopErr != nil {
		return stopErr
	}
	if interrupted {
		say(w, "stopped; every answer so far is kept. The same command goes on from here")
		return errInterrupted
	}
	if err == nil {
		return report(cmd.OutOrStdout(), spec, summary, time.Since(began))
	}
	return err
}

// interruptible is done at the first Ctrl-C, SIGTERM or hang-up; the second one ends the
// process.
func interruptible(ctx context.Context, w io.Writer) (context.Context, func()) {
	ctx, cancel := context.WithCancel(ctx)
	signals := make(chan os.Signal, 2)
	signal.Notify(signals, os.Interrupt, syscall.SIGTERM, syscall.SIGHUP)
	go func() {
		<-signals
		cancel()
		<-signals
		say(w, "stopped at once; the same command goes on, and makes the calls again that were in flight")
		os.Exit(exitInterrupted)
	}()
	return ctx, func() { signal.Stop(signals); cancel() }
}

func fileLogger(name string) (*slog.Logger, func(), error) {
	if err := os.MkdirAll(filepath.Dir(name), 0o755); err != nil {
		return nil, nil, err
	}
	file, err := os.OpenFile(name, os.O_CREATE|os.O_WRONLY|os.O_APPEND, 0o644)
	if err != nil {
		return nil, nil, err
	}
	return slog.New(slog.NewTextHandler(file, nil)), func() { _ = file.Close() }, nil
}

func shortHash(text string) string {
	sum := sha256.Sum256([]byte(text))
	return hex.EncodeToString(sum[:4])
}

// say writes a line to the user; one who has closed the output does not want it.
func say(w io.Writer, format string, args ...any) {
	_, _ = fmt.Fprintf(w, format+"\n", args...)
}
