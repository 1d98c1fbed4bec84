package localserver

import (
	"context"
	"fmt"
	"path/filepath"
	"sync"
	"time"

	"github.com/gofrs/flock"
	"go.temporal.io/sdk/client"

	"longhaul/job"
)

const (
	// startTimeout bounds the wait for a server, also for one that another process
	// starts or stops.
	startTimeout = 2 * time.Minute
	pollInterval = 100 * time.Millisecond
	// answerTimeout bounds one try to reach a server that lives.
	answerTimeout = 10 * time.Second
	// maxTries bounds the further starts of a server that ends at once.
	maxTries = 3

	loopback     = "127.0.0.1"
	addressFile  = "server.json"
	pidFile      = "server.pid"
	logFile      = "server.log"
	databaseFile = "temporal.db"
)

// Server is a Temporal server on this machine whose state lives in a folder. Several
// processes may use one; the last to leave stops it.
//
// Whoever starts a server must hold the lock of server.pid first and gives it to the
// server, so there are never two on one database.
type Server struct {
	dir     string
	options client.Options
	// extra are more arguments of the server.
	extra []string
	users *flock.Flock

	mu sync.Mutex
	// at changes when Keep starts the server again.
	at addresses
}

// Start starts a server with its state in dir, which is made if it is missing, or finds the
// one that runs there: also one that was left behind by a process that was killed. It
// returns when the server answers, at most after two minutes. Close must be called. The
// options may name a namespace, which a server that is started makes, and a logger; the
// extra arguments are for the command temporal server start-dev.
func Start(ctx context.Context, dir string, options client.Options, extra ...string) (*Server, error) {
	if err := makePrivate(dir); err != nil {
		return nil, folderError(dir, err)
	}
	s := newServer(dir, options, extra)
	if err := s.ensure(ctx, func() error { return s.users.RLock() }); err != nil {
		return nil, err
	}
	return s, nil
}

// Find finds the server that runs in dir; nil if there is none. The caller does not become
// one of the server's users, and does not close it.
func Find(ctx context.Context, dir string, options client.Options) (*Server, error) {
	ctx, cancel := context.WithTimeout(ctx, 2*answerTimeout)
	defer cancel()
	s := newServer(dir, options, nil)
	found, err := s.find(ctx)
	switch {
	case err != nil && isStarting(dir):
		return nil, job.Errorf(job.KindServer, dir, "the local Temporal server is still being started or stopped: %w", err.Err).
			WithHint("give the command again in some seconds")
	case err != nil:
		return nil, err
	case !found:
		return nil, nil
	}
	return s, nil
}

func newServer(dir string, options client.Options, extra []string) *Server {
	return &Server{dir: dir, options: clientOptions(dir, options), extra: extra, users: flock.New(filepath.Join(dir, "users.lock"))}
}

// Address of the gRPC service, host:port.
func (s *Server) Address() string { return s.addresses().Address }

// UI is the URL of the Web UI.
func (s *Server) UI() string { return s.addresses().UI }

func (s *Server) addresses() addresses {
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.at
}

func (s *Server) setAddresses(at addresses) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.at = at
}

// ClientOptions are how to reach the server, also after it was started again.
func (s *Server) ClientOptions() client.Options {
	options := s.options
	options.HostPort = s.Address()
	return options
}

// ensure returns when a server runs; then is called before any process may stop it.
func (s *Server) ensure(ctx context.Context, then func() error) error {
	ctx, cancel := context.WithTimeout(ctx, startTimeout)
	defer cancel()
	unlock, err := lockStarting(ctx, s.dir)
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
		// It may have ended because another process took one of its ports first.
		if ctx.Err() != nil || tries == maxTries || !isEndedAtOnce(err) {
			return err
		}
	}
}

// find says whether a server runs in the folder, and reads its addresses. It waits for one
// that is starting.
func (s *Server) find(ctx context.Context) (bool, *job.Error) {
	for s.alive() {
		at, err := readAddresses(s.dir)
		if err == nil {
			s.setAddresses(at)
			err = s.ping(ctx)
		}
		if err == nil {
			return true, nil
		}
		if wait(ctx) != nil {
			pid := s.processID()
			return false, job.Errorf(job.KindServer, s.dir, "the local Temporal server (process %s) does not answer: %w", pid, err).
				WithHint("stop it with kill -9 %s and give the command again: its database survives that", pid)
		}
	}
	return false, nil
}

// ping dials the server.
func (s *Server) ping(ctx context.Context) error {
	ctx, cancel := context.WithTimeout(ctx, answerTimeout)
	defer cancel()
	c, err := client.DialContext(ctx, s.ClientOptions())
	if err == nil {
		c.Close()
	}
	return err
}

// folderError is about a state folder that cannot be written.
func folderError(dir string, err error) error {
	return job.Errorf(job.KindServer, dir, "the state of the local Temporal server cannot be kept there: %w", err).
		WithHint("name another folder with --state")
}

// wait waits for one poll interval.
func wait(ctx context.Context) error {
	select {
	case <-time.After(pollInterval):
		return nil
	case <-ctx.Done():
		return fmt.Errorf("waiting for the local Temporal server: %w", ctx.Err())
	}
}
