package simulation

import (
	"context"
	"errors"
	"log/slog"
	"time"

	"go.temporal.io/api/serviceerror"
	"go.temporal.io/api/workflowservice/v1"
	"go.temporal.io/sdk/activity"
	"go.temporal.io/sdk/client"
	sdklog "go.temporal.io/sdk/log"
	"go.temporal.io/sdk/worker"
	"google.golang.org/grpc"
	"google.golang.org/grpc/codes"
	"google.golang.org/grpc/status"
	"google.golang.org/protobuf/proto"

	"longhaul/activities"
	"longhaul/calls"
	"longhaul/internal/session"
	"longhaul/internal/simulation/process"
	"longhaul/workflows"
)

const (
	taskQueue = "longhaul"
	// operator is the process of a person, whose connection has no fault.
	operator = "operator"
)

// host is a worker in its process.
type host struct {
	process  *process.Process
	client   client.Client
	worker   worker.Worker
	sessions *session.Registry
	// gone is closed when nothing of it runs any more.
	gone chan struct{}
}

// newHost starts a worker.
func (w *world) newHost(name string) (*host, error) {
	p := process.New(name, w.seed)
	logger := slog.New(slog.NewTextHandler(traceWriter{w, name}, nil))
	c, err := w.connect(p, logger)
	if err != nil {
		return nil, err
	}
	sessions := session.NewRegistry(session.Options{
		Store: w.disk.View(p), Client: c, Logger: logger, Calls: calls.Options{Functions: []calls.Function{w.api.function(p)}},
	})
	h := &host{process: p, client: c, sessions: sessions, gone: make(chan struct{})}
	h.worker = worker.New(c, taskQueue, worker.Options{
		WorkerStopTimeout: time.Minute, MaxConcurrentActivityTaskPollers: 2, MaxConcurrentWorkflowTaskPollers: 2,
		DisableRegistrationAliasing: true, DisableEagerActivities: true, OnFatalError: func(error) {},
	})
	h.worker.RegisterWorkflow(workflows.BulkCall)
	h.worker.RegisterActivityWithOptions(activities.New(sessions), activity.RegisterOptions{})
	if err := h.worker.Start(); err != nil { // the server is down
		p.Kill()
		h.leave()
		return nil, err
	}
	return h, nil
}

// leave ends the worker as SIGTERM does; a dead one only has its goroutines ended.
func (h *host) leave() {
	defer close(h.gone)
	h.worker.Stop()
	_ = h.sessions.Close()
	h.process.Kill() // whatever has not ended in time
	h.client.Close()
}

// connect is a client in the process.
func (w *world) connect(p *process.Process, logger *slog.Logger) (client.Client, error) {
	link := connection{world: w, process: p}
	return client.NewLazyClient(client.Options{
		HostPort: "passthrough:///simulated", Identity: p.Name, Logger: sdklog.NewStructuredLogger(logger),
		ConnectionOptions: client.ConnectionOptions{DialOptions: []grpc.DialOption{grpc.WithChainUnaryInterceptor(link.call)}},
	})
}

// connection carries requests to the simulated server. No byte reaches a network.
type connection struct {
	world   *world
	process *process.Process
}

func (c connection) call(ctx context.Context, method string, request, reply any, _ *grpc.ClientConn, _ grpc.UnaryInvoker, _ ...grpc.CallOption) error {
	r := c.world.seed.Rand(c.process.Draw(method))
	there, back := process.Between(r, 100*time.Microsecond, 5*time.Millisecond), process.Between(r, 100*time.Microsecond, 5*time.Millisecond)
	message, ok := request.(proto.Message)
	if !ok {
		return status.Errorf(codes.Internal, "a request of type %T", request)
	}
	if err := c.process.Travel(ctx, there); err != nil {
		if !isPoll(message) && !errors.Is(err, process.ErrDead) && r.IntN(2) == 0 {
			c.deliverLater(message, there)
		}
		return failure(err)
	}
	if c.world.down.Load() && c.process.Name != operator {
		return status.Error(codes.Unavailable, "the server is down")
	}
	if c.world.failing.Load() && c.process.Name != operator && r.IntN(10) > 0 {
		return status.Error(codes.Unavailable, "the server fails")
	}
	answer, err := c.world.server.Call(ctx, message)
	if isPoll(message) && c.world.down.Load() {
		return status.Error(codes.Unavailable, "the server went down")
	}
	if traveled := c.process.Travel(ctx, back); traveled != nil {
		return failure(traveled)
	}
	if err != nil {
		if errors.Is(err, context.Canceled) || errors.Is(err, context.DeadlineExceeded) {
			return failure(err)
		}
		return serviceerror.ToStatus(err).Err()
	}
	proto.Merge(reply.(proto.Message), answer)
	return nil
}

// deliverLater is for a request that arrives although its client does not wait any more.
func (c connection) deliverLater(message proto.Message, after time.Duration) {
	c.world.background.Go(func() {
		if c.process.Travel(context.Background(), after) == nil && !c.world.down.Load() {
			_, _ = c.world.server.Call(context.Background(), message)
		}
	})
}

func isPoll(message proto.Message) bool {
	switch message.(type) {
	case *workflowservice.PollWorkflowTaskQueueRequest, *workflowservice.PollActivityTaskQueueRequest:
		return true
	default:
		return false
	}
}

// failure is what a client sees of an error of the connection. A dead process must not
// try again.
func failure(err error) error {
	switch {
	case errors.Is(err, process.ErrDead):
		return status.Error(codes.InvalidArgument, err.Error())
	case errors.Is(err, context.DeadlineExceeded):
		return status.Error(codes.DeadlineExceeded, err.Error())
	default:
		return status.Error(codes.Canceled, err.Error())
	}
}

// traceWriter writes a worker's log into the trace.
type traceWriter struct {
	world *world
	name  string
}

func (t traceWriter) Write(p []byte) (int, error) {
	t.world.note("%s logs %s", t.name, p)
	return len(p), nil
}
