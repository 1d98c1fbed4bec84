package host

import (
	"context"
	"sync"

	"go.temporal.io/sdk/activity"
	"go.temporal.io/sdk/client"
	"go.temporal.io/sdk/worker"
	"go.temporal.io/sdk/workflow"

	"longhaul/activities"
	"longhaul/calls"
	"longhaul/internal/output"
	"longhaul/internal/session"
	"longhaul/workflows"
)

// Plugin registers Longhaul with the workers that it is given to, and holds what their
// jobs have open from the start of each worker to its end.
type Plugin struct {
	worker.PluginBase
	client  client.Client
	options Options

	mu sync.Mutex
	// workers are those that were made with the plugin, by their instance key.
	workers map[string]*hosted
}

// hosted is one worker of a plugin.
type hosted struct {
	// versioning is the behaviour of BulkCall if the worker is versioned, and its own
	// options name no behaviour for workflows without one.
	versioning workflow.VersioningBehavior
	// sessions are open while the worker runs.
	sessions *session.Registry
}

// NewPlugin is for workers of the client's namespace. Nothing is opened before a
// worker starts.
func NewPlugin(c client.Client, options Options) *Plugin {
	return &Plugin{client: c, options: options, workers: map[string]*hosted{}}
}

// Name tells plugins apart, in the SDK and in what workers tell the server.
func (p *Plugin) Name() string { return "longhaul" }

// ConfigureWorker refuses options with which no job could run, and sets those that
// Longhaul needs and the worker's owner has not set.
func (p *Plugin) ConfigureWorker(_ context.Context, c worker.PluginConfigureWorkerOptions) error {
	if err := checkWorker(c.WorkerOptions); err != nil {
		return err
	}
	setDefaults(c.WorkerOptions)
	h := &hosted{}
	if d := c.WorkerOptions.DeploymentOptions; d.UseVersioning && d.DefaultVersioningBehavior == workflow.VersioningBehaviorUnspecified {
		h.versioning = workflow.VersioningBehaviorAutoUpgrade // its changes are guarded by GetVersion
	}
	p.mu.Lock()
	defer p.mu.Unlock()
	p.workers[c.WorkerInstanceKey] = h
	return nil
}

// StartWorker registers the workflow and the activities, then starts the worker.
func (p *Plugin) StartWorker(ctx context.Context, o worker.PluginStartWorkerOptions, next func(context.Context, worker.PluginStartWorkerOptions) error) error {
	sessions, err := p.newSessions()
	if err != nil {
		return err
	}
	p.mu.Lock()
	h := p.workers[o.WorkerInstanceKey] // ConfigureWorker has made it
	h.sessions = sessions
	p.mu.Unlock()
	o.WorkerRegistry.RegisterWorkflowWithOptions(workflows.BulkCall, workflow.RegisterOptions{VersioningBehavior: h.versioning})
	o.WorkerRegistry.RegisterActivityWithOptions(activities.New(sessions), activity.RegisterOptions{})
	if err := next(ctx, o); err != nil {
		p.close(o.WorkerInstanceKey)
		return err
	}
	return nil
}

// StopWorker stops the worker, which ends its activities, and then closes what they
// have used.
func (p *Plugin) StopWorker(ctx context.Context, o worker.PluginStopWorkerOptions, next func(context.Context, worker.PluginStopWorkerOptions)) {
	next(ctx, o)
	p.close(o.WorkerInstanceKey)
}

// ConfigureWorkflowReplayer has nothing to set.
func (p *Plugin) ConfigureWorkflowReplayer(context.Context, worker.PluginConfigureWorkflowReplayerOptions) error {
	return nil
}

// ReplayWorkflow replays as without the plugin.
func (p *Plugin) ReplayWorkflow(ctx context.Context, o worker.PluginReplayWorkflowOptions, next func(context.Context, worker.PluginReplayWorkflowOptions) error) error {
	return next(ctx, o)
}

func (p *Plugin) newSessions() (*session.Registry, error) {
	store, err := output.LocalStore(p.options.Root)
	if err != nil {
		return nil, err
	}
	logger := p.options.Logger
	return session.NewRegistry(session.Options{Store: store, Client: p.client, Logger: logger, Own: p.options.Own, Alone: p.options.Alone, Calls: calls.Options{
		Env: session.AllowedEnv(p.options.AllowEnv), Functions: p.options.Functions,
		AllowHosts: p.options.AllowHosts, AllowExec: p.options.AllowExec, Dir: p.options.Root,
		Log: func(record int64, line string) { logger.Info(line, "record", record) },
	}}), nil
}

// close may be called more than once, and for a worker that has never started.
func (p *Plugin) close(worker string) {
	p.mu.Lock()
	h := p.workers[worker]
	delete(p.workers, worker)
	p.mu.Unlock()
	if h == nil || h.sessions == nil {
		return
	}
	if err := h.sessions.Close(); err != nil {
		p.options.Logger.Warn("what the worker held was not closed properly", "error", err)
	}
}
