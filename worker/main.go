// Command longhaul-worker is a long-running Temporal worker for Longhaul jobs.
package main

import (
	"context"
	"fmt"
	"log/slog"
	"os"
	"os/signal"
	"syscall"
	"time"

	"github.com/spf13/cobra"

	"longhaul/internal/connect"
	"longhaul/internal/host"
	"longhaul/job"
)

// version is set by the linker.
var version = "dev"

type options struct {
	connect.Flags
	host.Options
	logLevel slog.Level
}

func main() {
	if err := command().Execute(); err != nil {
		fmt.Fprintln(os.Stderr, "longhaul-worker:", err)
		os.Exit(1)
	}
}

func command() *cobra.Command {
	var o options
	cmd := &cobra.Command{
		Use:   "longhaul-worker",
		Short: "Run Longhaul jobs from a Temporal task queue",
		Long: `Run Longhaul jobs from a Temporal task queue.

The server is the one that TEMPORAL_ADDRESS, TEMPORAL_NAMESPACE, TEMPORAL_API_KEY,
TEMPORAL_TLS_* or a profile of temporal.toml name, as for the temporal command.

SIGTERM or Ctrl-C stops gracefully: no more records are taken, calls in flight
end and their answers are kept. A second one stops at once.`,
		Example: `  longhaul-worker --root /data
  TEMPORAL_ADDRESS=temporal.example.com:7233 longhaul-worker --root /data --allow-env API_TOKEN`,
		Args: cobra.NoArgs, Version: version, SilenceUsage: true, SilenceErrors: true,
		RunE: func(cmd *cobra.Command, _ []string) error { return run(cmd.Context(), o) },
	}
	flags := cmd.Flags()
	flags.StringVar(&o.Root, "root", ".", "folder that all paths in job specs are below and cannot leave")
	flags.StringVar(&o.TaskQueue, "task-queue", job.TaskQueue, "Temporal task queue")
	flags.StringSliceVar(&o.AllowEnv, "allow-env", nil, "environment variable that templates may use; may be repeated")
	flags.DurationVar(&o.StopTimeout, "stop-timeout", 10*time.Minute, "how long a graceful stop waits for calls in flight")
	flags.StringVar(&o.Address, "address", "", "Temporal server, host:port (TEMPORAL_ADDRESS)")
	flags.StringVarP(&o.Namespace, "namespace", "n", "", "Temporal namespace (TEMPORAL_NAMESPACE)")
	flags.StringVar(&o.Profile, "profile", "", "profile of temporal.toml (TEMPORAL_PROFILE)")
	flags.StringVar(&o.APIKey, "api-key", "", "API key (TEMPORAL_API_KEY)")
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
	c, err := connect.Dial(ctx, settings.Options)
	if err != nil {
		return err
	}
	defer c.Close()
	h, err := host.New(c, o.Options)
	if err != nil {
		return err
	}
	logger.Info("worker starts", "version", version, "task_queue", o.TaskQueue, "root", o.Root)
	err = h.Run(ctx)
	logger.Info("worker has stopped")
	return err
}
