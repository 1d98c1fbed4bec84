package supervisor

import (
	"os"
	"strconv"
	"strings"
	"syscall"
	"time"
)

// sweepSoon looks for what was left behind, unless that is due already.
func (s *server) sweepSoon() {
	if !s.sweepDue {
		s.sweepDue = true
		s.sweep.Reset(s.sweepAfter)
	}
}

func (s *server) sweepWhenDue() {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.sweepNow()
}

// sweepNow kills the descendants of programs that have ended. Those whose
// program is not known may be those of one that runs: they are left until none does.
func (s *server) sweepNow() {
	began := time.Now()
	tree := processTree()
	for _, pid := range tree[os.Getpid()] {
		if s.children[pid] == nil && !s.belongsToLiving(pid) {
			killTree(tree, pid)
		}
	}
	s.sweep.Stop()
	s.sweepDue = false
	s.sweepAfter = max(sweepDelay, sweepShare*time.Since(began))
}

// belongsToLiving says whether the process may be one that a living program has
// started.
func (s *server) belongsToLiving(pid int) bool {
	if len(s.children) == 0 {
		return false
	}
	id, ok := programOf(pid, s.token)
	if !ok {
		return true
	}
	for _, c := range s.children {
		if c.id == id {
			return true
		}
	}
	return false
}

// killTree kills a process and its descendants.
func killTree(tree map[int][]int, pid int) {
	_ = syscall.Kill(pid, syscall.SIGKILL) // it may be gone
	for _, below := range tree[pid] {
		killTree(tree, below)
	}
}

// endAll kills until there is no child any more. Each round finds what the
// processes have started in the meantime.
func (s *server) endAll() {
	const first, longest = 5 * time.Millisecond, time.Second
	for wait := first; ; wait = min(2*wait, longest) {
		s.killAll()
		select {
		case <-s.done:
			return
		case <-time.After(wait): // another one has come, or one cannot die now
		}
	}
}

func (s *server) killAll() {
	s.mu.Lock()
	defer s.mu.Unlock()
	for pid := range s.children {
		killProgram(pid)
	}
	tree := processTree()
	for _, pid := range tree[os.Getpid()] {
		killTree(tree, pid)
	}
}

// programOf is the program whose environment the process has inherited.
func programOf(pid int, token string) (id uint64, ok bool) {
	environment, err := os.ReadFile("/proc/" + strconv.Itoa(pid) + "/environ")
	if err != nil {
		return 0, false
	}
	for value := range strings.SplitSeq(string(environment), "\x00") {
		if text, found := strings.CutPrefix(value, Variable+"="+token+"."); found {
			id, err = strconv.ParseUint(text, 10, 64)
			return id, err == nil
		}
	}
	return 0, false
}
