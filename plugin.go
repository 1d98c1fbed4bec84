package longhaul

import (
	"cmp"
	"log/slog"

	"go.temporal.io/sdk/client"
	"go.temporal.io/sdk/worker"

	"longhaul/calls"
	"longhaul/internal/host"
)

// PluginOptions is what jobs may do in a worker. The zero value lets them read and
// write below the current directory and call HTTP servers; all else is refused.
type PluginOptions struct {
	// Functions are the Go functions that jobs may call by name.
	Functions []calls.Function
	// Root is a folder that all paths in job specs are below and cannot leave;
	// default ".", the current directory.
	Root string
	// AllowEnv names the environment variables that templates of http calls may use;
	// default none.
	AllowEnv []string
	// AllowHosts are the hosts that http calls may reach, such as "*.example.com";
	// default all but link-local and metadata addresses.
	AllowHosts []string
	// AllowExec lets jobs run programs on this machine (call.exec); default false.
	AllowExec bool
	// Logger gets what happens to jobs; default slog.Default().
	Logger *slog.Logger
}

// Plugin registers Longhaul in a worker that a program has already. The client is the
// one that the worker is made with:
//
//	w := worker.New(c, "orders", worker.Options{Plugins: []worker.Plugin{longhaul.Plugin(c, longhaul.PluginOptions{})}})
//
// The worker then runs Longhaul's jobs beside its own workflows and activities, from
// its own task queue: start jobs on that queue. Registered are the workflow BulkCall
// and the activities IndexInput, ProcessChunk, FlushBatch, FinishJob and SteerJob;
// the worker must have no others of these names.
//
// Of worker.Options it sets what is zero, because the SDK's defaults do not fit:
// WorkerStopTimeout to 10 minutes, which is how long Worker.Stop waits for calls in
// flight (the SDK would cut them off), MaxConcurrentActivityTaskPollers to 8 and
// MaxConcurrentWorkflowTaskPollers to 4, unless there is a poller behavior. In a
// versioned worker without a default behavior, BulkCall upgrades automatically. What
// else is set stays. A job has up to 64 activities in flight, which count against
// MaxConcurrentActivityExecutionSize. Heartbeats are set by each job's
// heartbeat_timeout. worker.New panics if LocalActivityWorkerOnly or
// DisableWorkflowWorker is set; Worker.Start fails if Root cannot be opened.
//
// One plugin may serve several workers.
func Plugin(c client.Client, options PluginOptions) worker.Plugin {
	return host.NewPlugin(c, host.Options{
		Functions: options.Functions, Root: cmp.Or(options.Root, "."), AllowEnv: options.AllowEnv, AllowHosts: options.AllowHosts,
		AllowExec: options.AllowExec, Logger: cmp.Or(options.Logger, slog.Default()),
	})
}
