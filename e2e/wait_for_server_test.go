package e2e

import (
	"context"
	"net"
	"strings"
	"syscall"
	"testing"
	"time"

	"github.com/stretchr/testify/require"
	"google.golang.org/grpc"
	"google.golang.org/grpc/codes"
	"google.golang.org/grpc/health"
	healthpb "google.golang.org/grpc/health/grpc_health_v1"
	"google.golang.org/grpc/status"
)

// freeAddress is one where nobody listens.
func freeAddress(t *testing.T) string {
	t.Helper()
	listener, err := net.Listen("tcp", "127.0.0.1:0")
	require.NoError(t, err)
	defer listener.Close()
	return listener.Addr().String()
}

func says(t *testing.T, p *process, parts ...string) {
	t.Helper()
	require.Eventually(t, func() bool { return contains(p.out.String(), parts...) }, time.Minute, 10*time.Millisecond, "%v", parts)
}

// A worker that is there first, as in a cluster that starts, waits for the server
// and then works.
func TestAWorkerWaitsForItsServer(t *testing.T) {
	t.Parallel()
	dir, root := t.TempDir(), t.TempDir()
	s, err := startServer(dir)
	require.NoError(t, err)
	address := s.local.Address()
	s.stop()

	id := newID(t)
	worker := launch(t, root, "longhaul-worker", "--address", address, "--root", root, "--task-queue", id)
	says(t, worker, "no Temporal server answers yet", "address="+address, "connection refused", "next_try=")
	require.Eventually(t, func() bool { return strings.Count(worker.out.String(), "no Temporal server answers yet") > 1 }, time.Minute, 10*time.Millisecond)

	s, err = startServer(dir)
	require.NoError(t, err)
	defer s.stop()
	require.Equal(t, address, s.local.Address())
	api := newCountingAPI(t, 100, time.Millisecond)
	require.EqualValues(t, 100, finishJob(t, startJob(t, s, id, httpSpec(api.URL, 100, 10))).Succeeded)
	require.Contains(t, worker.out.String(), "worker starts")
}

func TestAWorkerThatWaitsIsStopped(t *testing.T) {
	t.Parallel()
	worker := launch(t, t.TempDir(), "longhaul-worker", "--address", freeAddress(t))
	says(t, worker, "no Temporal server answers yet")
	worker.signal(syscall.SIGTERM)
	asked := time.Now()
	require.Zero(t, worker.wait())
	require.Less(t, time.Since(asked), 2*time.Second)
	require.Contains(t, worker.out.String(), "stopped before a Temporal server has answered")
}

func TestAWorkerDoesNotWaitLonger(t *testing.T) {
	t.Parallel()
	address := freeAddress(t)
	out, code := runProgram(t, t.TempDir(), "longhaul-worker", "--address", address, "--connect-timeout", "1s")
	require.Equal(t, 1, code, out)
	require.Contains(t, out, "longhaul-worker: no Temporal server answers at "+address)
}

// What a wait does not fix is told at once.
func TestAServerThatRefusesIsNotWaitedFor(t *testing.T) {
	t.Parallel()
	out, code := runProgram(t, t.TempDir(), "longhaul-worker", "--address", shared.local.Address(), "--namespace", "nowhere")
	require.Equal(t, 1, code, out)
	require.Contains(t, out, "nowhere")

	for name, refusal := range map[string]codes.Code{"no key": codes.Unauthenticated, "no right": codes.PermissionDenied} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			listener, err := net.Listen("tcp", "127.0.0.1:0")
			require.NoError(t, err)
			server := grpc.NewServer(grpc.UnaryInterceptor(func(context.Context, any, *grpc.UnaryServerInfo, grpc.UnaryHandler) (any, error) {
				return nil, status.Error(refusal, "Request unauthorized.")
			}), grpc.UnknownServiceHandler(func(any, grpc.ServerStream) error { return status.Error(refusal, "Request unauthorized.") }))
			healthpb.RegisterHealthServer(server, health.NewServer())
			go func() { _ = server.Serve(listener) }()
			t.Cleanup(server.Stop)
			out, code := runProgram(t, t.TempDir(), "longhaul-worker", "--address", listener.Addr().String())
			require.Equal(t, 1, code, out)
			require.Contains(t, out, "the Temporal server at "+listener.Addr().String()+" refuses: ")
			require.Contains(t, out, "Request unauthorized.")
		})
	}
}
