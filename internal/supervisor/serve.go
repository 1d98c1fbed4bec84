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
	sweepDelay = 50 * time.Millisecond
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
	newSupervisor(l).run()
	os.Exit(0)
}

// child is a program that runs.
type child struct {
	id     uint64
	killed bool
}

// server is the supervisor's side. Only run's goroutine uses it.
type server struct {
	link     *link
	token    string
	children map[int]*child
	// sweep is due when something may have been left behind.
	sweep      *time.Timer
	sweepAfter time.Duration
}

func newSupervisor(l *link) *server {
	sweep := time.NewTimer(time.Hour)
	sweep.Stop()
	return &server{link: l, token: rand.Text(), children: map[int]*child{}, sweep: sweep, sweepAfter: sweepDelay}
}

// run returns when the other end of the socket is closed and every child is gone.
func (s *server) run() {
	// The kernel takes the end of the thread that has forked for the end of the parent.
	runtime.LockOSThread()
	prepare()
	// A service manager or a terminal may signal all processes, but the worker decides
	// when programs end. signal.Ignore would be inherited by the programs.
	signal.Notify(make(chan os.Signal, 1), syscall.SIGTERM, syscall.SIGINT, syscall.SIGHUP, syscall.SIGQUIT)
	deaths := make(chan os.Signal, 1)
	signal.Notify(deaths, syscall.SIGCHLD)
	requests := make(chan func())
	go s.read(requests)
	for {
		select {
		case handle, ok := <-requests:
			if !ok {
				s.endAll(deaths)
				return
			}
			handle()
		case <-deaths:
			s.reap()
		case <-s.sweep.C:
			s.sweepNow()
		}
	}
}

// read hands on what the worker asks for; the channel is closed at its end.
func (s *server) read(requests chan<- func()) {
	defer close(requests)
	for {
		var r request
		if s.link.decoder.Decode(&r) != nil {
			return // the worker is gone
		}
		if r.Kill {
			requests <- func() { s.kill(r.ID) }
			continue
		}
		files, err := s.link.takeFiles()
		if err != nil {
			return
		}
		requests <- func() { s.start(r, files) }
	}
}

func (s *server) start(r request, files []int) {
	env := slices.DeleteFunc(r.Env, func(v string) bool { return strings.HasPrefix(v, Variable+"=") })
	env = append(env, Variable+"="+s.token+"."+strconv.FormatUint(r.ID, 10))
	handles := make([]uintptr, len(files))
	for i, fd := range files {
		handles[i] = uintptr(fd)
	}
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
	}
	_ = s.link.send(answer) // if the worker is gone, the reader notices
}

func (s *server) kill(id uint64) {
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
func (s *server) reap() (some bool) {
	for {
		var status syscall.WaitStatus
		pid, err := syscall.Wait4(-1, &status, syscall.WNOHANG, nil)
		if errors.Is(err, syscall.EINTR) {
			continue
		}
		if err != nil || pid == 0 {
			return err == nil // ECHILD: there is none
		}
		s.ended(pid, status)
	}
}

// ended kills what a program leaves behind, and reports its end.
func (s *server) ended(pid int, status syscall.WaitStatus) {
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
