package e2e

import (
	"context"
	"fmt"
	"io"
	"log/slog"
	"os"
	"os/exec"
	"path/filepath"
	"testing"

	"go.temporal.io/sdk/client"

	"longhaul/internal/connect"
	"longhaul/internal/localserver"
)

// All tests share these: the programs, built once, and one server.
var (
	binDir string
	shared *server
)

func TestMain(m *testing.M) {
	code, err := runTests(m)
	if err != nil {
		fmt.Fprintln(os.Stderr, err)
		code = 1
	}
	os.Exit(code)
}

func runTests(m *testing.M) (code int, err error) {
	cli, err := findCLI()
	if err != nil && os.Getenv("TEMPORAL_CLI") == "" {
		fmt.Println("e2e: there is no Temporal CLI; make test builds one and runs all")
		fmt.Println("testing: warning: no tests to run") // go test shows of this package: [no tests to run]
		return 0, nil
	}
	if err != nil {
		return 1, err
	}
	os.Setenv("TEMPORAL_CLI", cli)
	dir, err := os.MkdirTemp("", "longhaul-e2e-")
	if err != nil {
		return 1, err
	}
	defer os.RemoveAll(dir)
	binDir = filepath.Join(dir, "bin")
	for name, pkg := range map[string]string{"longhaul": "./starter", "longhaul-worker": "./worker"} {
		build := exec.Command("go", "build", "-o", filepath.Join(binDir, name), pkg)
		build.Dir, build.Env = "..", append(os.Environ(), "CGO_ENABLED=0")
		if out, err := build.CombinedOutput(); err != nil {
			return 1, fmt.Errorf("building %s: %w\n%s", pkg, err, out)
		}
	}
	if shared, err = startServer(filepath.Join(dir, "server")); err != nil {
		return 1, err
	}
	defer shared.stop()
	return m.Run(), nil
}

// findCLI also looks where make puts it.
func findCLI() (string, error) {
	if built, err := filepath.Abs("../bin/temporal"); err == nil {
		if _, err := os.Stat(built); err == nil {
			return built, nil
		}
	}
	return localserver.FindCLI()
}

// server is a Temporal server in a folder.
type server struct {
	dir   string
	local *localserver.Server
	client.Client
}

// startServer gives the server more arguments, if there are any.
func startServer(dir string, extra ...string) (*server, error) {
	profile, err := connect.Load(connect.Flags{}, slog.New(slog.NewTextHandler(io.Discard, nil)))
	if err != nil {
		return nil, err
	}
	s := &server{dir: dir}
	if s.local, err = localserver.Start(context.Background(), dir, profile.Options, extra...); err != nil {
		return nil, err
	}
	s.Client, err = connect.Dial(context.Background(), s.local.ClientOptions())
	return s, err
}

func (s *server) stop() {
	s.Close()
	if err := s.local.Close(); err != nil {
		fmt.Fprintln(os.Stderr, "the server did not stop:", err)
	}
}
