package connect

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"net"
	"os"
	"os/exec"
	"path/filepath"
	"strconv"
	"strings"
	"syscall"
	"time"

	"github.com/google/renameio/v2"
)

const (
	// lockTimeout is how long a look at the lock of server.pid may be in the way.
	lockTimeout = 5 * time.Second
	// stopGrace is how long a server may take to stop before it is killed. Its
	// database survives that.
	stopGrace = 20 * time.Second
)

// start starts a server that outlives this process, and waits until it answers.
// Only one process at a time does this, see lock.
func (s *LocalServer) start(ctx context.Context) error {
	cli, err := FindCLI()
	if err != nil {
		return err
	}
	held, err := s.lockPID(ctx)
	if err != nil {
		return err
	}
	defer held.Close()
	port, uiPort, err := choosePorts(ctx, s.dir)
	if err != nil {
		return err
	}
	// Written before the start, so that the server is found whenever this process
	// is killed.
	if err := s.write(port, uiPort); err != nil {
		return err
	}
	logs, err := os.OpenFile(filepath.Join(s.dir, "server.log"), os.O_CREATE|os.O_WRONLY|os.O_APPEND, 0o644)
	if err != nil {
		return err
	}
	defer logs.Close()
	cmd := exec.CommandContext(context.WithoutCancel(ctx), cli, s.arguments(port, uiPort)...)
	cmd.Stdout, cmd.Stderr = logs, logs
	// The child inherits the open file, and with it the lock.
	cmd.ExtraFiles = []*os.File{held}
	// In a session of its own the terminal's Ctrl-C does not reach it.
	cmd.SysProcAttr = &syscall.SysProcAttr{Setsid: true}
	if err := cmd.Start(); err != nil {
		return fmt.Errorf("the local Temporal server cannot be started: %w", err)
	}
	ended := make(chan struct{})
	go func() {
		defer close(ended)
		_ = cmd.Wait()
	}()
	err = errors.Join(writePID(held, cmd.Process.Pid), held.Close())
	if err == nil {
		err = s.ready(ctx, ended)
	}
	if err != nil {
		_ = cmd.Process.Kill()
		<-ended
		return fmt.Errorf("the local Temporal server did not start, see %s: %w", logs.Name(), err)
	}
	s.options.Logger.Info("the local Temporal server was started", "address", s.Address, "process", cmd.Process.Pid)
	return nil
}

// arguments are those of the Temporal CLI. The SQLite settings make it about twice
// as fast and still keep every transaction through a crash of the process.
func (s *LocalServer) arguments(port, uiPort string) []string {
	return append([]string{
		"server", "start-dev", "--ip", loopback, "--port", port, "--ui-port", uiPort,
		"--namespace", s.options.Namespace, "--db-filename", filepath.Join(s.dir, "temporal.db"), "--log-level", "error",
		"--dynamic-config-value", "frontend.enableServerVersionCheck=false",
		"--sqlite-pragma", "journal_mode=WAL", "--sqlite-pragma", "synchronous=NORMAL",
	}, s.extra...)
}

// ready waits until the server answers; not for one that has ended.
func (s *LocalServer) ready(ctx context.Context, ended <-chan struct{}) error {
	ctx, cancel := context.WithCancel(ctx)
	defer cancel()
	go func() {
		select {
		case <-ended:
			cancel()
		case <-ctx.Done():
		}
	}()
	for {
		err := s.answers(ctx)
		if err == nil {
			return nil
		}
		if sleep(ctx) != nil {
			select {
			case <-ended:
				return errors.New("it has ended at once")
			default:
				return err
			}
		}
	}
}

// lockPID opens server.pid and takes its lock. It fails if a server lives.
func (s *LocalServer) lockPID(ctx context.Context) (*os.File, error) {
	file, err := os.OpenFile(filepath.Join(s.dir, pidFile), os.O_CREATE|os.O_RDWR, 0o644)
	if err != nil {
		return nil, err
	}
	ctx, cancel := context.WithTimeout(ctx, lockTimeout)
	defer cancel()
	for {
		err := syscall.Flock(int(file.Fd()), syscall.LOCK_EX|syscall.LOCK_NB)
		if err == nil {
			return file, nil
		}
		if !errors.Is(err, syscall.EWOULDBLOCK) || sleep(ctx) != nil {
			return nil, errors.Join(fmt.Errorf("%s is locked: a server runs already: %w", file.Name(), err), file.Close())
		}
	}
}

// alive says whether a server holds the lock of server.pid. A process id alone
// may be another's by now.
func (s *LocalServer) alive() bool {
	file, err := os.Open(filepath.Join(s.dir, pidFile))
	if err != nil {
		return false
	}
	defer file.Close()
	// Shared, so that several may look at once.
	return errors.Is(syscall.Flock(int(file.Fd()), syscall.LOCK_SH|syscall.LOCK_NB), syscall.EWOULDBLOCK)
}

func writePID(file *os.File, pid int) error {
	if err := file.Truncate(0); err != nil {
		return err
	}
	_, err := file.WriteAt([]byte(strconv.Itoa(pid)), 0)
	return err
}

// processID is what server.pid says: for messages, and for a signal while the
// server lives.
func (s *LocalServer) processID() string {
	text, err := os.ReadFile(filepath.Join(s.dir, pidFile))
	if err != nil {
		return "?"
	}
	return strings.TrimSpace(string(text))
}

// stop stops the server, if it lives.
func (s *LocalServer) stop(ctx context.Context) error {
	for _, signal := range []syscall.Signal{syscall.SIGINT, syscall.SIGKILL} {
		if !s.alive() {
			return nil
		}
		pid, err := strconv.Atoi(s.processID())
		if err != nil || pid <= 0 {
			return fmt.Errorf("%s does not say which process the server is: stop it yourself", filepath.Join(s.dir, pidFile))
		}
		// It leads a session: a wrapper script's children hear of it too.
		if err := syscall.Kill(-pid, signal); errors.Is(err, syscall.ESRCH) {
			_ = syscall.Kill(pid, signal)
		}
		waiting, cancel := context.WithTimeout(ctx, stopGrace)
		for s.alive() && waiting.Err() == nil {
			_ = sleep(waiting) // the condition asks
		}
		cancel()
	}
	if s.alive() {
		return fmt.Errorf("the local server (process %s) does not stop", s.processID())
	}
	return nil
}

// write writes where the server will be.
func (s *LocalServer) write(port, uiPort string) error {
	s.Address, s.UI = net.JoinHostPort(loopback, port), "http://"+net.JoinHostPort(loopback, uiPort)
	data, err := json.Marshal(s)
	if err != nil {
		return err
	}
	return renameio.WriteFile(filepath.Join(s.dir, addressFile), append(data, '\n'), 0o644)
}
