package host

import (
	"log/slog"
	"time"

	"go.temporal.io/sdk/worker"

	"longhaul/calls"
	"longhaul/internal/session"
	"longhaul/job"
)

const (
	// defaultStopTimeout is how long a worker waits for calls in flight when it is
	// stopped and its owner has said nothing. The SDK would not wait at all.
	defaultStopTimeout = 10 * time.Minute
	// A job dispatches up to 64 chunks at once; they should not queue here.
	activityPollers = 8
	workflowPollers = 4
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
	// Logger gets what happens to jobs, and what programs write to their standard
	// error.
	Logger *slog.Logger
	// Own is the only job that the worker works for; nil for all. Alone says that no other
	// worker will take what this one cannot do.
	Own   *session.OwnJob
	Alone bool
	// StopTimeout is how long a graceful stop waits for calls in flight.
	StopTimeout time.Duration
}

// checkWorker refuses a worker that could take a job but never finish it.
func checkWorker(o *worker.Options) error {
	switch {
	case o.LocalActivityWorkerOnly:
		return job.Errorf(job.KindSpec, "worker.Options.LocalActivityWorkerOnly", "Longhaul's calls are made by activities").
			WithHint("set it to false, or give the plugin to another worker")
	case o.DisableWorkflowWorker:
		return job.Errorf(job.KindSpec, "worker.Options.DisableWorkflowWorker", "Longhaul's jobs are workflows").
			WithHint("set it to false, or give the plugin to another worker")
	}
	return nil
}

// setDefaults sets what the worker's owner has not set.
func setDefaults(o *worker.Options) {
	if o.WorkerStopTimeout == 0 {
		o.WorkerStopTimeout = defaultStopTimeout
	}
	if o.MaxConcurrentActivityTaskPollers == 0 && o.ActivityTaskPollerBehavior == nil {
		o.MaxConcurrentActivityTaskPollers = activityPollers
	}
	if o.MaxConcurrentWorkflowTaskPollers == 0 && o.WorkflowTaskPollerBehavior == nil {
		o.MaxConcurrentWorkflowTaskPollers = workflowPollers
	}
}
