package localserver

import (
	"context"
	"errors"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"syscall"
)

// start starts a server that outlives this process, and waits until it answers.
// Only one process at a time does this, see lockStarting.
func (s *Server) start(ctx context.Context) error {
	cli, err := FindCLI()
	if err != nil {
		return err
	}
	held, err := lockPIDFile(ctx, s.dir)
	if err != nil {
		return err
	}
	defer held.Close()
	port, uiPort, err := choosePorts(ctx, s.dir)
	if err != nil {
		return err
	}
	// Written before the start, so that the server is found even if this process is killed
	// during it.
	at := addressesAt(port, uiPort)
	if err := at.write(s.dir); err != nil {
		return folderError(s.dir, err)
	}
	s.setAddresses(at)
	log, err := openLog(s.dir)
	if err != nil {
		return err
	}
	defer log.Close()
	cmd := s.command(ctx, cli, port, uiPort)
	cmd.Stdout, cmd.Stderr = log.File, log.File
	// The child inherits the open file, and with it the lock.
	cmd.ExtraFiles = []*os.File{held}
	if err := cmd.Start(); err != nil {
		return log.failure("cannot be started", err)
	}
	ended := make(chan struct{})
	go func() {
		defer close(ended)
		_ = cmd.Wait() // the log says why it has ended
	}()
	err = errors.Join(writePID(held, cmd.Process.Pid), held.Close())
	if err == nil {
		err = s.ready(ctx, ended)
	}
	if err != nil {
		_ = cmd.Process.Kill()
		<-ended
		return log.failure("did not start", err)
	}
	s.options.Logger.Info("the local Temporal server was started", "address", s.Address(), "process", cmd.Process.Pid)
	return nil
}

// command is the server's. In a session of its own, the terminal's Ctrl-C does not reach
// it, and it goes on when this process ends. The SQLite settings make it about twice as fast
// and still keep every transaction through a crash of the process.
func (s *Server) command(ctx context.Context, cli, port, uiPort string) *exec.Cmd {
	arguments := append(slices.Concat(privately[1:], []string{
		cli, "server", "start-dev", "--ip", loopback, "--port", port, "--ui-port", uiPort,
		"--namespace", s.options.Namespace, "--db-filename", filepath.Join(s.dir, databaseFile), "--log-level", "error",
		"--dynamic-config-value", "frontend.enableServerVersionCheck=false",
		"--dynamic-config-value", "system.enableActivityEagerExecution=true",
		"--sqlite-pragma", "journal_mode=WAL", "--sqlite-pragma", "synchronous=NORMAL",
	}), s.extra...)
	cmd := exec.CommandContext(context.WithoutCancel(ctx), privately[0], arguments...) //nolint:gosec // the user names the CLI
	cmd.SysProcAttr = &syscall.SysProcAttr{Setsid: true}
	return cmd
}

// errEndedAtOnce says that a server has ended before it answered.
var errEndedAtOnce = errors.New("it has ended at once")

func isEndedAtOnce(err error) bool { return errors.Is(err, errEndedAtOnce) }

// ready waits until the server answers, or fails with errEndedAtOnce.
func (s *Server) ready(ctx context.Context, ended <-chan struct{}) error {
	ctx, cancel := context.WithCancelCause(ctx)
	defer cancel(nil)
	go func() {
		select {
		case <-ended:
			cancel(errEndedAtOnce)
		case <-ctx.Done():
		}
	}()
	for {
		err := s.ping(ctx)
		if err == nil {
			return nil
		}
		if wait(ctx) != nil {
			if cause := context.Cause(ctx); errors.Is(cause, errEndedAtOnce) {
				return cause
			}
			return err
		}
	}
}
