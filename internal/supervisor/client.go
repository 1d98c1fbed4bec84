package supervisor

import (
	"errors"
	"fmt"
	"os"
	"os/exec"
	"sync"
	"syscall"
)

// shared is the one supervisor of this process, while there are users: programs,
// and those who hold it.
var shared struct {
	sync.Mutex
	current *client
	users   int
}

// client is this process's side of a supervisor.
type client struct {
	link *link
	cmd  *exec.Cmd

	mu       sync.Mutex
	last     uint64
	programs map[uint64]*Program
	gone     bool
}

// Hold keeps the supervisor between two programs, until release is called.
func Hold() (release func()) {
	shared.Lock()
	shared.users++
	shared.Unlock()
	return sync.OnceFunc(func() { leave() })
}

// acquire is the supervisor, with one user more.
func acquire() (*client, error) {
	shared.Lock()
	defer shared.Unlock()
	if shared.current == nil {
		started, err := launch()
		if err != nil {
			return nil, fmt.Errorf("the supervisor of programs cannot be started: %w", err)
		}
		shared.current = started
	}
	shared.users++
	return shared.current, nil
}

// leave takes one user away. The supervisor ends with the last one.
func leave() {
	shared.Lock()
	defer shared.Unlock()
	if shared.users--; shared.users == 0 && shared.current != nil {
		shared.current.close()
		shared.current = nil
	}
}

// launch starts this executable as a supervisor.
func launch() (*client, error) {
	path, err := executable()
	if err != nil {
		return nil, err
	}
	ours, theirs, err := socketPair()
	if err != nil {
		return nil, err
	}
	// It is not a child of a call, and outlives this process for a moment. In a group of its
	// own it does not get the terminal's signals.
	cmd := &exec.Cmd{
		Path: path, Args: []string{name}, Stderr: os.Stderr, ExtraFiles: []*os.File{theirs},
		SysProcAttr: &syscall.SysProcAttr{Setpgid: true},
	}
	if err = errors.Join(cmd.Start(), theirs.Close()); err != nil {
		return nil, errors.Join(err, ours.Close())
	}
	l, err := newLink(ours)
	if err != nil {
		return nil, errors.Join(err, cmd.Process.Kill())
	}
	l.patience = patience
	c := &client{link: l, cmd: cmd, programs: map[uint64]*Program{}}
	go c.read()
	return c, nil
}

func socketPair() (ours, theirs *os.File, err error) {
	// No other program may inherit an end of it.
	syscall.ForkLock.RLock()
	pair, err := syscall.Socketpair(syscall.AF_UNIX, syscall.SOCK_STREAM, 0)
	if err == nil {
		syscall.CloseOnExec(pair[0])
		syscall.CloseOnExec(pair[1])
	}
	syscall.ForkLock.RUnlock()
	if err != nil {
		return nil, nil, os.NewSyscallError("socketpair", err)
	}
	return os.NewFile(uintptr(pair[0]), "supervisor"), os.NewFile(uintptr(pair[1]), "worker"), nil
}

// begin asks for a program. The user that it was called with is the program's.
func (c *client) begin(command Command) (*Program, error) {
	p := &Program{of: c, started: make(chan report, 1), ended: make(chan struct{})}
	c.mu.Lock()
	if c.gone {
		c.mu.Unlock()
		leave()
		return nil, ErrLost
	}
	c.last++
	p.id = c.last
	c.programs[p.id] = p
	c.mu.Unlock()
	err := c.link.send(request{ID: p.id, Path: command.Path, Dir: command.Dir, Args: command.Args, Env: command.Env},
		int(command.Stdin.Fd()), int(command.Stdout.Fd()), int(command.Stderr.Fd()))
	if err != nil {
		c.close() // read ends the program too
	}
	return p, nil
}

// close ends the supervisor and its programs.
func (c *client) close() {
	_ = c.link.conn.Close() // closed by another one, perhaps
}

// read takes the supervisor's reports, until it ends.
func (c *client) read() {
	for {
		var r report
		if c.link.decoder.Decode(&r) != nil {
			break
		}
		c.mu.Lock()
		p := c.programs[r.ID]
		if r.Ended || r.Errno != 0 {
			delete(c.programs, r.ID)
		}
		c.mu.Unlock()
		switch {
		case r.Ended:
			p.status = r.Status
			close(p.ended)
			leave()
		case r.Errno != 0:
			p.started <- r
			leave()
		default:
			p.pid = r.PID
			p.started <- r
		}
	}
	c.lose()
}

// lose ends the programs of a supervisor that is no more. The kernel kills them on Linux,
// their groups it does not.
func (c *client) lose() {
	shared.Lock()
	if shared.current == c {
		shared.current = nil
	}
	shared.Unlock()
	c.close()
	c.mu.Lock()
	c.gone = true
	lost := c.programs
	c.programs = nil
	c.mu.Unlock()
	for _, p := range lost {
		if p.pid != 0 {
			killProgram(p.pid)
		}
		p.lost = true
		close(p.ended)
		leave()
	}
	_ = c.cmd.Wait() // it says how it ended itself
}
