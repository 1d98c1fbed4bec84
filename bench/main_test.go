package bench

import (
	"context"
	"flag"
	"fmt"
	"io"
	"log/slog"
	"os"
	"os/exec"
	"path/filepath"
	"strconv"
	"testing"

	"github.com/google/uuid"
	"github.com/stretchr/testify/require"
	"go.temporal.io/sdk/client"

	"longhaul/internal/connect"
	"longhaul/internal/localserver"
	"longhaul/job"
)

var (
	binDir   string
	address  string
	temporal client.Client
	// metricsPort is where the server tells its metrics.
	metricsPort int
)

func TestMain(m *testing.M) {
	flag.Parse()
	if flag.Lookup("test.bench").Value.String() == "" {
		os.Exit(m.Run()) // go test ./... has nothing to do here
	}
	code, err := run(m)
	if err != nil {
		fmt.Fprintln(os.Stderr, err)
		code = 1
	}
	os.Exit(code)
}

func run(m *testing.M) (int, error) {
	dir, err := os.MkdirTemp("", "longhaul-bench-")
	if err != nil {
		return 1, err
	}
	defer os.RemoveAll(dir)
	binDir = dir
	for name, pkg := range map[string]string{"longhaul-worker": "./worker", "slowapi": "./examples/slowapi", "bare": "./bench/bare"} {
		build := exec.Command("go", "build", "-o", filepath.Join(dir, name), pkg)
		build.Dir = ".."
		if out, err := build.CombinedOutput(); err != nil {
			return 1, fmt.Errorf("building %s: %w\n%s", pkg, err, out)
		}
	}
	if cli, err := filepath.Abs("../bin/temporal"); err == nil && os.Getenv("TEMPORAL_CLI") == "" {
		os.Setenv("TEMPORAL_CLI", cli)
	}
	profile, err := connect.Load(connect.Flags{}, slog.New(slog.NewTextHandler(io.Discard, nil)))
	if err != nil {
		return 1, err
	}
	if metricsPort, err = freePort(); err != nil {
		return 1, err
	}
	server, err := localserver.Start(context.Background(), filepath.Join(dir, "server"), profile.Options, "--metrics-port", strconv.Itoa(metricsPort))
	if err != nil {
		return 1, err
	}
	defer server.Close()
	address = server.Address()
	if temporal, err = connect.Dial(context.Background(), server.ClientOptions()); err != nil {
		return 1, err
	}
	defer temporal.Close()
	code := m.Run()
	return code, writeResults()
}

// worker starts a worker process on a queue of its own.
func worker(b *testing.B, root string) (queue string, process *os.Process) {
	b.Helper()
	queue = "bench-" + uuid.NewString()
	return queue, workerOn(b, root, queue)
}

// workerOn starts a worker process on a queue.
func workerOn(b *testing.B, root, queue string) *os.Process {
	b.Helper()
	cmd := exec.Command(filepath.Join(binDir, "longhaul-worker"), "--root", root, "--address", address, "--task-queue", queue, "--log-level", "error")
	cmd.Stderr = os.Stderr
	require.NoError(b, cmd.Start())
	b.Cleanup(func() {
		_ = cmd.Process.Kill()
		_ = cmd.Wait()
	})
	return cmd.Process
}

// sleepJob is count records of 100 ms each.
func sleepJob(count int64) job.Spec {
	spec := job.DefaultSpec()
	spec.Input.Count = &count
	spec.Output.URI = newOutput()
	spec.Call.Sleep = &job.SleepSpec{Duration: job.Duration(latency)}
	return spec
}

// newOutput is the name of a folder that no job has written to.
func newOutput() string { return "out-" + uuid.NewString() }

// finish runs a job from its start to its result.
func finish(b *testing.B, queue string, spec job.Spec) {
	b.Helper()
	finishCount(b, queue, spec, *spec.Input.Count)
}

func finishCount(b *testing.B, queue string, spec job.Spec, count int64) {
	b.Helper()
	run, err := temporal.ExecuteWorkflow(b.Context(), client.StartWorkflowOptions{TaskQueue: queue}, job.WorkflowType, spec)
	require.NoError(b, err)
	var summary job.Summary
	require.NoError(b, run.Get(b.Context(), &summary))
	require.Equal(b, count, summary.Succeeded)
}
