package supervisor

import (
	"context"
	"errors"
	"io/fs"
	"os"
	"strconv"
	"syscall"
)

// ErrLost is the end of a program whose supervisor has ended: it was killed.
var ErrLost = errors.New("killed, because its supervisor has ended")

// Command is a program to start. The files are its standard ones, and stay the
// caller's.
type Command struct {
	// Path is the file, relative to Dir. Args begin with the name.
	Path string
	Args []string
	// Env is the whole environment, apart from Variable.
	Env []string
	// Dir is where it runs; default: where this process does.
	Dir                   string
	Stdin, Stdout, Stderr *os.File
}

// Program is one that was started.
type Program struct {
	id uint64
	of *client
	// started gets one report.
	started chan report
	pid     int
	// ended is closed when the program is no more; the others are set then.
	ended  chan struct{}
	status syscall.WaitStatus
	lost   bool
}

// Start starts a program, and the supervisor if there is none. If the file cannot be
// executed, the error is a *fs.PathError.
func Start(ctx context.Context, c Command) (*Program, error) {
	if c.Dir == "" {
		var err error
		if c.Dir, err = os.Getwd(); err != nil {
			return nil, err
		}
	}
	of, err := acquire()
	if err != nil {
		return nil, err
	}
	p, err := of.begin(c)
	if err != nil {
		return nil, err
	}
	select {
	case answer := <-p.started:
		if answer.Errno != 0 {
			return nil, &fs.PathError{Op: "fork/exec", Path: c.Path, Err: answer.Errno}
		}
		return p, nil
	case <-p.ended:
		if p.lost {
			return nil, ErrLost
		}
		return p, nil // it was short
	case <-ctx.Done():
		p.Kill()
		return nil, ctx.Err()
	}
}

// Kill ends the program and what it has started. It does not wait, and may be
// called again.
func (p *Program) Kill() {
	select {
	case <-p.ended:
	default:
		if p.of.link.send(request{ID: p.id, Kill: true}) != nil {
			p.of.close()
		}
	}
}

// Ended is closed when the program is no more, and what it left behind is being
// killed.
func (p *Program) Ended() <-chan struct{} { return p.ended }

// Exited says of a program that has ended whether it did so by itself.
func (p *Program) Exited() bool { return !p.lost && p.status.Exited() }

// String says how the program has ended, in the words of os.ProcessState.
func (p *Program) String() string {
	switch {
	case p.lost:
		return ErrLost.Error()
	case p.status.Exited():
		return "exit status " + strconv.Itoa(p.status.ExitStatus())
	case p.status.CoreDump():
		return "signal: " + p.status.Signal().String() + " (core dumped)"
	default:
		return "signal: " + p.status.Signal().String()
	}
}
