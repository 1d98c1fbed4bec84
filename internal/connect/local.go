package connect

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"time"

	"github.com/gofrs/flock"
	"go.temporal.io/sdk/client"
)

const (
	// startTimeout bounds the wait for a server, also for one that another process
	// starts or stops.
	startTimeout = 2 * time.Minute
	pollInterval = 100 * time.Millisecond
	// answerTimeout bounds one try to reach a server that lives.
	answerTimeout = 10 * time.Second
	// maxTries bounds the starts of a server that ends at once.
	maxTries = 3

	loopback    = "127.0.0.1"
	addressFile = "server.json"
	pidFile     = "server.pid"
)

// LocalServer is a Temporal server on this machine whose state lives in a
// folder. Several processes may use one; the last to leave stops it.
//
// The server itself holds the lock of server.pid while it lives. Whoever starts
// one must hold that lock first, so there are never two on one database.
type LocalServer struct {
	// Address of the gRPC service and URL of the Web UI.
	Address string `json:"address"`
	UI      string `json:"ui"`

	dir     string
	options client.Options
	// extra are more arguments of the server.
	extra []string
	users *flock.Flock
}

// StartLocal starts a server with its state in dir, or finds the one that runs
// there: also one that was left behind by a process that was killed. The extra
// arguments are for a server that is started.
func StartLocal(ctx context.Context, dir string, options client.Options, extra ...string) (*LocalServer, error) {
	if err := os.MkdirAll(dir, 0o755); err != nil {
		return nil, err
	}
	s := newLocal(dir, options, extra)
	if err := s.ensure(ctx, func() error { return s.users.RLock() }); err != nil {
		return nil, err
	}
	return s, nil
}

// FindLocal finds the server that runs in dir; nil if there is none. It does not
// become one of the server's users.
func FindLocal(ctx context.Context, dir string, options client.Options) (*LocalServer, error) {
	ctx, cancel := context.WithTimeout(ctx, 2*answerTimeout)
	defer cancel()
	s := newLocal(dir, options, nil)
	if found, err := s.find(ctx); !found || err != nil {
		return nil, err
	}
	return s, nil
}

func newLocal(dir string, options client.Options, extra []string) *LocalServer {
	return &LocalServer{dir: dir, options: localOptions(dir, options), extra: extra, users: flock.New(filepath.Join(dir, "users.lock"))}
}

// ClientOptions are how to reach the server, also after it was started again.
func (s *LocalServer) ClientOptions() client.Options {
	options := s.options
	options.HostPort = s.Address
	return options
}

// ensure returns when a server runs; then is called before anybody may stop it.
func (s *LocalServer) ensure(ctx context.Context, then func() error) error {
	ctx, cancel := context.WithTimeout(ctx, startTimeout)
	defer cancel()
	unlock, err := lock(ctx, s.dir)
	if err != nil {
		return err
	}
	defer unlock()
	for tries := 0; ; tries++ {
		if found, err := s.find(ctx); err != nil {
			return err
		} else if found {
			return then()
		}
		err := s.start(ctx)
		if err == nil {
			return then()
		}
		// It has ended: somebody took one of its ports before it did.
		if ctx.Err() != nil || tries == maxTries {
			return err
		}
	}
}

// find says whether a server runs in the folder, and where. It waits for one that
// is starting.
func (s *LocalServer) find(ctx context.Context) (bool, error) {
	for s.alive() {
		err := s.read()
		if err == nil {
			err = s.answers(ctx)
		}
		if err == nil {
			return true, nil
		}
		if sleep(ctx) != nil {
			return false, fmt.Errorf("the server in %s (process %s) does not answer: %w; stop it and try again", s.dir, s.processID(), err)
		}
	}
	return false, nil
}

// answers dials the server.
func (s *LocalServer) answers(ctx context.Context) error {
	ctx, cancel := context.WithTimeout(ctx, answerTimeout)
	defer cancel()
	c, err := client.DialContext(ctx, s.ClientOptions())
	if err == nil {
		c.Close()
	}
	return err
}

// read reads where the server is, or was. None has ever been there if the file is
// missing: then the address stays empty.
func (s *LocalServer) read() error {
	data, err := os.ReadFile(filepath.Join(s.dir, addressFile))
	if errors.Is(err, fs.ErrNotExist) {
		return nil
	}
	if err == nil {
		err = json.Unmarshal(data, s)
	}
	if err != nil {
		return fmt.Errorf("%s: %w; delete it if no server runs", filepath.Join(s.dir, addressFile), err)
	}
	return nil
}
