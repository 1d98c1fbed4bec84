// Package longhaul is for programs of your own that run Longhaul jobs.
//
// Worker is the whole main function of a worker that has Go functions for jobs to call.
// Plugin registers Longhaul in a Temporal worker that you have already. A job itself is
// a workflow, workflows.BulkCall, which takes a job.Spec and returns a job.Summary: the
// longhaul command starts it, and so may a client or a workflow of your own. What may be
// imported are this package, calls, job and workflows.
package longhaul

import (
	"context"
	"fmt"
	"log/slog"
	"os"
	"os/signal"
	"path/filepath"
	"syscall"
	"time"

	"github.com/spf13/cobra"

	"longhaul/calls"
	"longhaul/internal/connect"
	"longhaul/internal/host"
	"longhaul/job"
)

// Version is that of the worker, in its log and for --version: "dev" unless the linker
// sets it, by -ldflags '-X longhaul.Version=...'.
var Version = "dev"

type options struct {
	connect.Flags
	host.Options
	logLevel slog.Level
	// connectTimeout is how long to wait for a server; 0 for ever.
	connectTimeout time.Duration
}

// Worker is the whole main function of a worker: it reads the command line, runs
// jobs until SIGTERM or Ctrl-C, waits for the calls in flight, and returns. If it cannot
// start or go on, it writes why to standard error and exits with code 1. The flags are
// those of longhaul-worker; --help lists them. Jobs call the functions by name:
// {"call": {"func": {"name": "..."}}}.
func Worker(functions ...calls.Function) {
	if err := command(functions).Execute(); err != nil {
		fmt.Fprintln(os.Stderr, filepath.Base(os.Args[0])+":", err)
		os.Exit(1)
	}
}

func command(functions []calls.Function) *cobra.Command {
	o := options{Options: host.Options{Functions: functions}}
	cmd := &cobra.Command{
		Use:   filepath.Base(os.Args[0]),
		Short: "Run Longhaul jobs from a Temporal task queue",
		Long: `Run Longhaul jobs from a Temporal task queue.

The server is the one that TEMPORAL_ADDRESS, TEMPORAL_NAMESPACE, TEMPORAL_API_KEY,
TEMPORAL_TLS_* or a profile of temporal.toml name, as for the temporal command.

A server that does not answer yet is waited for, --connect-timeout long; one that
refuses the namespace or the API key is not.

SIGTERM or Ctrl-C stops gracefully: no more records are taken, calls in flight
end and their answers are kept. A second one stops at once.`,
		Example: `  longhaul-worker --root /data
  TEMPORAL_ADDRESS=temporal.example.com:7233 longhaul-worker --root /data --allow-env API_TOKEN`,
		Args: cobra.NoArgs, Version: Version, SilenceUsage: true, SilenceErrors: true,
		RunE: func(cmd *cobra.Command, _ []string) error { return run(cmd.Context(), o) },
	}
	flags := cmd.Flags()
	flags.StringVar(&o.Root, "root", ".", "folder that all paths in job specs are below and cannot leave")
	flags.StringVar(&o.TaskQueue, "task-queue", job.TaskQueue, "Temporal task queue")
	flags.StringSliceVar(&o.AllowEnv, "allow-env", nil, "environment variable that templates may use; may be repeated")
	flags.StringSliceVar(&o.AllowHosts, "allow-host", nil, `host that jobs may call, such as "*.example.com"; may be repeated (default: all but link-local and metadata addresses)`)
	flags.BoolVar(&o.AllowExec, "allow-exec", false, "let jobs run programs on this machine (call.exec)")
	flags.DurationVar(&o.StopTimeout, "stop-timeout", 10*time.Minute, "how long a graceful stop waits for calls in flight")
	flags.StringVar(&o.Address, "address", "", "Temporal server, host:port (TEMPORAL_ADDRESS)")
	flags.StringVarP(&o.Namespace, "namespace", "n", "", "Temporal namespace (TEMPORAL_NAMESPACE)")
	flags.StringVar(&o.Profile, "profile", "", "profile of temporal.toml (TEMPORAL_PROFILE)")
	flags.StringVar(&o.APIKey, "api-key", "", "API key (TEMPORAL_API_KEY)")
	flags.DurationVar(&o.connectTimeout, "connect-timeout", 0, "how long to wait for a Temporal server that does not answer yet; 0 for ever")
	flags.TextVar(&o.logLevel, "log-level", slog.LevelInfo, "debug, info, warn or error")
	return cmd
}

func run(ctx context.Context, o options) error {
	ctx, stop := signal.NotifyContext(ctx, os.Interrupt, syscall.SIGTERM)
	defer stop()
	// After the first signal the next one has its default effect: at once.
	context.AfterFunc(ctx, stop)

	logger := slog.New(slog.NewTextHandler(os.Stderr, &slog.HandlerOptions{Level: o.logLevel}))
	settings, err := connect.Load(o.Flags, logger)
	if err != nil {
		return err
	}
	c, err := connect.WaitForServer(ctx, settings.Options, o.connectTimeout, logger)
	if ctx.Err() != nil {
		if err == nil {
			c.Close()
		}
		logger.Info("stopped before a Temporal server has answered")
		return nil
	}
	if err != nil {
		return err
	}
	defer c.Close()
	o.Logger = logger
	logger.Info("worker starts", "version", Version, "task_queue", o.TaskQueue, "root", o.Root)
	err = host.New(c, o.Options).Run(ctx)
	logger.Info("worker has stopped")
	return err
}
