package host

import (
	"context"
	"fmt"

	"go.temporal.io/sdk/client"
	"go.temporal.io/sdk/worker"
)

// Host is a worker of Longhaul's own that has not been started yet.
type Host struct {
	worker worker.Worker
	// fatal gets the error that ended the worker by itself.
	fatal chan error
}

// New makes a worker for the client's namespace.
func New(c client.Client, options Options) *Host {
	fatal := make(chan error, 1)
	return &Host{fatal: fatal, worker: worker.New(c, options.TaskQueue, worker.Options{
		OnFatalError:                func(err error) { fatal <- err },
		WorkerStopTimeout:           options.StopTimeout,
		DisableRegistrationAliasing: true,
		Plugins:                     []worker.Plugin{NewPlugin(c, options)},
	})}
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
	case err = <-h.fatal:
		err = fmt.Errorf("the worker cannot go on: %w", err)
	}
	h.worker.Stop()
	return err
}
