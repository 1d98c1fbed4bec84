package host

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"time"

	"go.temporal.io/sdk/client"
	"go.temporal.io/sdk/worker"

	"longhaul/activities"
	"longhaul/calls"
	"longhaul/internal/output"
	"longhaul/internal/session"
	"longhaul/workflows"
)

// Options is how a worker is to run.
type Options struct {
	// TaskQueue is where the worker gets its tasks.
	TaskQueue string
	// Root confines all paths to a folder. If it is empty, paths start from
	// the current directory and may lead anywhere.
	Root string
	// AllowEnv names the environment variables that templates may use.
	AllowEnv []string
	// AllowHosts are patterns of the hosts that jobs may call.
	AllowHosts []string
	// AllowExec lets jobs run programs on this machine.
	AllowExec bool
	// Functions are those that jobs may call by name.
	Functions []calls.Function
	// Logger gets what programs write to their standard error.
	Logger *slog.Logger
	// StopTimeout is how long a graceful stop waits for calls in flight.
	StopTimeout time.Duration
}

// Host is a worker that has not been started yet.
type Host struct {
	worker   worker.Worker
	sessions *session.Registry
	// fatal gets the error that ended the worker by itself.
	fatal chan error
}

// New makes a worker for the client's namespace.
func New(c client.Client, options Options) (*Host, error) {
	store, err := output.LocalStore(options.Root)
	if err != nil {
		return nil, err
	}
	sessions := session.NewRegistry(session.Options{Store: store, Client: c, Logger: options.Logger, Calls: calls.Options{
		Env: session.AllowedEnv(options.AllowEnv), Functions: options.Functions,
		AllowHosts: options.AllowHosts, AllowExec: options.AllowExec, Dir: options.Root,
		Log: func(record int64, line string) { options.Logger.Info(line, "record", record) },
	}})
	fatal := make(chan error, 1)
	w := worker.New(c, options.TaskQueue, worker.Options{
		OnFatalError:      func(err error) { fatal <- err },
		WorkerStopTimeout: options.StopTimeout,
		// A job dispatches up to 64 chunks at once; they should not queue here.
		MaxConcurrentActivityTaskPollers: 8,
		MaxConcurrentWorkflowTaskPollers: 4,
		DisableRegistrationAliasing:      true,
	})
	w.RegisterWorkflow(workflows.BulkCall)
	w.RegisterActivity(activities.New(sessions))
	return &Host{worker: w, sessions: sessions, fatal: fatal}, nil
}

// Run works until ctx is done, then stops taking records, waits for the calls
// in flight, and returns. It returns early if the worker cannot go on: a
// namespace that does not exist, say.
func (h *Host) Run(ctx context.Context) error {
	if err := h.worker.Start(); err != nil {
		return fmt.Errorf("the worker cannot start: %w", err)
	}
	var err error
	select {
	case <-ctx.Done():
		h.worker.Stop()
	case err = <-h.fatal:
		err = fmt.Errorf("the worker cannot go on: %w", err)
	}
	return errors.Join(err, h.sessions.Close())
}
