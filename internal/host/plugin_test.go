package host

import (
	"context"
	"errors"
	"log/slog"
	"path/filepath"
	"testing"
	"time"

	"github.com/stretchr/testify/require"
	"go.temporal.io/sdk/activity"
	"go.temporal.io/sdk/worker"
	"go.temporal.io/sdk/workflow"
)

// registered keeps what the plugin registers.
type registered struct {
	worker.Registry
	workflows  []workflow.RegisterOptions
	activities int
}

func (r *registered) RegisterWorkflowWithOptions(_ any, options workflow.RegisterOptions) {
	r.workflows = append(r.workflows, options)
}

func (r *registered) RegisterActivityWithOptions(any, activity.RegisterOptions) { r.activities++ }

func newPlugin(root string) *Plugin {
	return NewPlugin(nil, Options{Root: root, Logger: slog.New(slog.DiscardHandler)})
}

func configure(t *testing.T, p *Plugin, options worker.Options) worker.Options {
	t.Helper()
	require.NoError(t, p.ConfigureWorker(t.Context(), worker.PluginConfigureWorkerOptions{WorkerInstanceKey: "w", WorkerOptions: &options}))
	return options
}

func TestThePluginSetsWhatTheOwnerHasNot(t *testing.T) {
	t.Parallel()
	o := configure(t, newPlugin("."), worker.Options{})
	require.Equal(t, 10*time.Minute, o.WorkerStopTimeout)
	require.Equal(t, 8, o.MaxConcurrentActivityTaskPollers)
	require.Equal(t, 4, o.MaxConcurrentWorkflowTaskPollers)

	autoscaling := worker.NewPollerBehaviorAutoscaling(worker.PollerBehaviorAutoscalingOptions{})
	o = configure(t, newPlugin("."), worker.Options{
		WorkerStopTimeout: time.Second, ActivityTaskPollerBehavior: autoscaling, WorkflowTaskPollerBehavior: autoscaling,
	})
	require.Equal(t, time.Second, o.WorkerStopTimeout)
	require.Zero(t, o.MaxConcurrentActivityTaskPollers, "the SDK refuses both")
	require.Zero(t, o.MaxConcurrentWorkflowTaskPollers)
}

func TestAWorkerThatCannotRunJobsIsRefused(t *testing.T) {
	t.Parallel()
	for name, options := range map[string]worker.Options{
		"LocalActivityWorkerOnly": {LocalActivityWorkerOnly: true}, "DisableWorkflowWorker": {DisableWorkflowWorker: true},
	} {
		err := newPlugin(".").ConfigureWorker(t.Context(), worker.PluginConfigureWorkerOptions{WorkerOptions: &options})
		require.ErrorContains(t, err, "worker.Options."+name)
	}
}

// start gives the plugin a worker whose own start gives this error.
func start(t *testing.T, p *Plugin, own error) (*registered, error) {
	t.Helper()
	r := &registered{}
	return r, p.StartWorker(t.Context(), worker.PluginStartWorkerOptions{WorkerInstanceKey: "w", WorkerRegistry: r},
		func(context.Context, worker.PluginStartWorkerOptions) error { return own })
}

func TestAPluginIsRegisteredAtTheStart(t *testing.T) {
	t.Parallel()
	p := newPlugin(t.TempDir())
	configure(t, p, worker.Options{})
	r, err := start(t, p, nil)
	require.NoError(t, err)
	require.Equal(t, []workflow.RegisterOptions{{}}, r.workflows)
	require.Equal(t, 1, r.activities)
	p.StopWorker(t.Context(), worker.PluginStopWorkerOptions{WorkerInstanceKey: "w"}, func(context.Context, worker.PluginStopWorkerOptions) {
		require.Len(t, p.workers, 1, "activities may use what is open until the worker has stopped")
	})
	require.Empty(t, p.workers)
}

// A versioned worker takes no workflow without a behaviour.
func TestTheBehaviourInAVersionedWorker(t *testing.T) {
	t.Parallel()
	for own, behavior := range map[workflow.VersioningBehavior]workflow.VersioningBehavior{
		workflow.VersioningBehaviorUnspecified: workflow.VersioningBehaviorAutoUpgrade,
		workflow.VersioningBehaviorPinned:      workflow.VersioningBehaviorUnspecified,
	} {
		p := newPlugin(t.TempDir())
		configure(t, p, worker.Options{DeploymentOptions: worker.DeploymentOptions{UseVersioning: true, DefaultVersioningBehavior: own}})
		r, err := start(t, p, nil)
		require.NoError(t, err)
		require.Equal(t, behavior, r.workflows[0].VersioningBehavior)
	}
}

func TestAWorkerThatDoesNotStartHoldsNothing(t *testing.T) {
	t.Parallel()
	p := newPlugin(t.TempDir())
	configure(t, p, worker.Options{})
	own := errors.New("own")
	_, err := start(t, p, own)
	require.ErrorIs(t, err, own)
	require.Empty(t, p.workers)

	p = newPlugin(filepath.Join(t.TempDir(), "missing"))
	configure(t, p, worker.Options{})
	_, err = start(t, p, nil)
	require.ErrorContains(t, err, "missing")
}
