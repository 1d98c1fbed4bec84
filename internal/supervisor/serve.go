package supervisor

import (
	"crypto/rand"
	"errors"
	"fmt"
	"os"
	"os/signal"
	"runtime"
	"slices"
	"strconv"
	"strings"
	"sync"
	"syscall"
	"time"
)

// name is the argv[0] that makes a process of this executable a supervisor.
const name = "longhaul-exec-supervisor"

// socketFile is the number of the supervisor's end of the socket.
const socketFile = 3

// Variable is in the environment of every program: by it the supervisor knows whose
// children those are that a program leaves behind.
const Variable = "LONGHAUL_PROGRAM"

// What programs leave behind is looked for soon after they end, but seldom enough
// that this takes no more than a twentieth of the time.
const (
	sweepDelay = 200 * time.Millisecond
	sweepShare = 20
)

func init() {
	if os.Args[0] != name {
		return
	}
	syscall.CloseOnExec(socketFile)
	l, err := newLink(os.NewFile(socketFile, "socket"))
	if err != nil {
		fmt.Fprintln(os.Stderr, name+": it is started by longhaul only:", err)
		os.Exit(2)
	}
	newServer(l).run()
	os.Exit(0)
}

// child is a program that runs.
type child struct {
	id     uint64
	killed bool
}

// server is the supervisor's side.
type server struct {
	link  *link
	token string
	// forked says that there is a child again.
	forked chan struct{}
	// ending is closed when the worker is gone, done when no child is left then.
	ending, done chan struct{}

	mu       sync.Mutex
	children map[int]*child
	// sweep is due when something may have been left behind.
	sweep      *time.Timer
	sweepAfter time.Duration
	sweepDue   bool
}

func newServer(l *link) *server {
	s := &server{
		link: l, token: rand.Text(), forked: make(chan struct{}, 1), ending: make(chan struct{}), done: make(chan struct{}),
		children: map[int]*child{}, sweepAfter: sweepDelay,
	}
	s.sweep = time.AfterFunc(time.Hour, s.sweepWhenDue)
	return s
}

// run returns when the other end of the socket is closed and every child is gone.
func (s *server) run() {
	// The kernel takes the end of the thread that has forked for the end of the parent.
	runtime.LockOSThread()
	prepare()
	// A service manager or a terminal may signal all processes, but the worker decides
	// when programs end. signal.Ignore would be inherited by the programs.
	signal.Notify(make(chan os.Signal, 1), syscall.SIGTERM, syscall.SIGINT, syscall.SIGHUP, syscall.SIGQUIT)
	go s.reap()
	s.serve()
	close(s.ending)
	s.endAll()
}

// serve does what the worker asks for, until the worker is gone.
func (s *server) serve() {
	for {
		var r request
		if s.link.decoder.Decode(&r) != nil {
			return
		}
		if r.Kill {
			s.kill(r.ID)
			continue
		}
		files, err := s.link.takeFiles()
		if err != nil {
			return
		}
		s.start(r, files)
	}
}

func (s *server) start(r request, files []int) {
	env := slices.DeleteFunc(r.Env, func(v string) bool { return strings.HasPrefix(v, Variable+"=") })
	env = append(env, Variable+"="+s.token+"."+strconv.FormatUint(r.ID, 10))
	handles := make([]uintptr, len(files))
	for i, fd := range files {
		handles[i] = uintptr(fd)
	}
	s.mu.Lock() // it may have ended before it is among the children
	defer s.mu.Unlock()
	pid, err := syscall.ForkExec(r.Path, r.Args, &syscall.ProcAttr{Dir: r.Dir, Env: env, Files: handles, Sys: attributes()})
	for _, fd := range files {
		_ = syscall.Close(fd) // the program has its own
	}
	answer := report{ID: r.ID, PID: pid}
	if err != nil {
		answer.Errno = syscall.EIO
		errors.As(err, &answer.Errno)
	} else {
		s.children[pid] = &child{id: r.ID}
		select {
		case s.forked <- struct{}{}:
		default:
		}
	}
	_ = s.link.send(answer) // if the worker is gone, the reader notices
}

func (s *server) kill(id uint64) {
	s.mu.Lock()
	defer s.mu.Unlock()
	for pid, c := range s.children {
		if c.id == id {
			c.killed = true
			killProgram(pid)
		}
	}
}

// killProgram kills a program and its process group, also if it has left it.
func killProgram(pid int) {
	_, _ = syscall.Kill(-pid, syscall.SIGKILL), syscall.Kill(pid, syscall.SIGKILL)
}

// reap collects the children that have ended, programs and what they left behind.
func (s *server) reap() {
	defer close(s.done)
	for {
		var status syscall.WaitStatus
		pid, err := syscall.Wait4(-1, &status, 0, nil)
		switch {
		case err == nil:
			s.ended(pid, status)
		case errors.Is(err, syscall.EINTR):
		default: // there is none
			select {
			case <-s.forked:
			case <-s.ending:
				return
			}
		}
	}
}

// ended kills what a program leaves behind, and reports its end.
func (s *server) ended(pid int, status syscall.WaitStatus) {
	s.mu.Lock()
	defer s.mu.Unlock()
	c, isProgram := s.children[pid]
	if !isProgram {
		s.sweepSoon() // its own children are ours now
		return
	}
	delete(s.children, pid)
	// The group keeps its number as long as there is a process in it.
	_ = syscall.Kill(-pid, syscall.SIGKILL)
	if c.killed {
		s.sweepNow()
	} else {
		s.sweepSoon()
	}
	_ = s.link.send(report{ID: c.id, Ended: true, Status: status})
}
