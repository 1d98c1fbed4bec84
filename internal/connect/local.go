package connect

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io/fs"
	"net"
	"os"
	"path/filepath"
	"strconv"
	"strings"
	"time"

	"github.com/gofrs/flock"
	"github.com/google/renameio/v2"
	"go.temporal.io/sdk/client"
	"go.temporal.io/sdk/testsuite"
)

const (
	// startTimeout bounds the wait for another process that starts the server.
	startTimeout = time.Minute
	pollInterval = 100 * time.Millisecond
	// maxTries bounds the starts of a server that ends at once.
	maxTries = 3

	loopback    = "127.0.0.1"
	addressFile = "server.json"
	pidFile     = "server.pid"
)

// LocalServer is a Temporal server on this machine whose state lives in a
// folder. Several processes may use one; the last to leave stops it.
type LocalServer struct {
	// Address of the gRPC service and URL of the Web UI.
	Address string `json:"address"`
	UI      string `json:"ui"`

	dir    string
	pid    int
	users  *flock.Flock
	server *testsuite.DevServer
}

// StartLocal starts a server with its state in dir, or finds the one that runs
// there: also one that was left behind by a process that was killed.
func StartLocal(ctx context.Context, dir string, options client.Options) (*LocalServer, error) {
	if err := os.MkdirAll(dir, 0o755); err != nil {
		return nil, err
	}
	ctx, cancel := context.WithTimeout(ctx, startTimeout)
	defer cancel()
	unlock, err := lock(ctx, dir)
	if err != nil {
		return nil, err
	}
	defer unlock()
	server, err := find(ctx, dir, options)
	for tries := 0; err == nil && server == nil; tries++ {
		server, err = start(ctx, dir, options)
		if err != nil && ctx.Err() == nil && tries < maxTries {
			// It has ended: somebody took one of its ports before it did.
			server, err = nil, nil
		}
	}
	if err != nil {
		return nil, err
	}
	server.users = flock.New(filepath.Join(dir, "users.lock"))
	return server, server.users.RLock()
}

// find returns the server that runs in dir; nil if there is none.
func find(ctx context.Context, dir string, options client.Options) (*LocalServer, error) {
	found, err := read(dir)
	if found == nil || err != nil {
		return nil, err
	}
	for found.alive() {
		options.HostPort = found.Address
		c, err := client.DialContext(ctx, options)
		if err == nil {
			c.Close()
			return found, nil
		}
		if sleepErr := sleep(ctx); sleepErr != nil {
			return nil, fmt.Errorf("the server in %s (process %d) does not answer: %w; stop it and try again", dir, found.pid, err)
		}
	}
	return nil, nil
}

func read(dir string) (*LocalServer, error) {
	data, err := os.ReadFile(filepath.Join(dir, addressFile))
	pid, pidErr := os.ReadFile(filepath.Join(dir, pidFile))
	if errors.Is(err, fs.ErrNotExist) || errors.Is(pidErr, fs.ErrNotExist) {
		return nil, nil
	}
	found := &LocalServer{dir: dir}
	if err = errors.Join(err, pidErr); err == nil {
		err = json.Unmarshal(data, found)
	}
	if err == nil {
		found.pid, err = strconv.Atoi(strings.TrimSpace(string(pid)))
	}
	if err != nil {
		return nil, fmt.Errorf("%s/%s or %s: %w; delete them if no server runs", dir, addressFile, pidFile, err)
	}
	return found, nil
}

// start writes down where the server will be before it starts, so that it is
// found whenever this process is killed.
func start(ctx context.Context, dir string, options client.Options) (*LocalServer, error) {
	cli, err := FindCLI()
	if err != nil {
		return nil, err
	}
	executable, err := linkDetached(dir, cli)
	if err != nil {
		return nil, err
	}
	port, uiPort, err := choosePorts(ctx, dir)
	if err != nil {
		return nil, err
	}
	started := &LocalServer{Address: net.JoinHostPort(loopback, port), UI: "http://" + net.JoinHostPort(loopback, uiPort), dir: dir}
	data, err := json.Marshal(started)
	if err == nil {
		err = renameio.WriteFile(filepath.Join(dir, addressFile), append(data, '\n'), 0o644)
	}
	if err != nil {
		return nil, err
	}
	logs, err := os.OpenFile(filepath.Join(dir, "server.log"), os.O_CREATE|os.O_WRONLY|os.O_APPEND, 0o644)
	if err != nil {
		return nil, err
	}
	defer logs.Close()
	options.HostPort = started.Address
	ctx, cancel := context.WithCancel(ctx)
	defer cancel()
	go cancelWhenEnded(ctx, cancel, dir, time.Now())
	started.server, err = testsuite.StartDevServer(ctx, DevServerOptions(executable, filepath.Join(dir, "temporal.db"), uiPort, logs, options))
	if err != nil {
		return nil, fmt.Errorf("the local Temporal server did not start, see %s: %w", logs.Name(), err)
	}
	return started, nil
}

// cancelWhenEnded does not let the SDK wait for a server that has ended.
func cancelWhenEnded(ctx context.Context, cancel func(), dir string, began time.Time) {
	server := &LocalServer{dir: dir}
	for sleep(ctx) == nil {
		// Before it has written its process id, our look at the lock would be in
		// its way.
		written, err := os.Stat(filepath.Join(dir, pidFile))
		if err == nil && written.ModTime().After(began) && !server.alive() {
			cancel()
		}
	}
}

// DevServerOptions is how we run the Temporal CLI's server: on a database file,
// with the SQLite settings that make it about twice as fast and still keep
// every transaction through a crash of the process.
func DevServerOptions(executable, database, uiPort string, logs *os.File, options client.Options) testsuite.DevServerOptions {
	return testsuite.DevServerOptions{
		ExistingPath: executable, DBFilename: database, EnableUI: uiPort != "", UIPort: uiPort,
		ClientOptions: &options, LogLevel: "error", Stdout: logs, Stderr: logs,
		ExtraArgs: []string{"--sqlite-pragma", "journal_mode=WAL", "--sqlite-pragma", "synchronous=NORMAL"},
	}
}
