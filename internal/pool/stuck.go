package pool

import (
	"sync"
	"time"

	"longhaul/job"
)

// stuckAfter is how long a call may take to return after its timeout.
const stuckAfter = time.Second

// stuck are the calls that have not returned in time. They keep their tokens.
type stuck struct {
	// timeout is the calls' own; 0 if each returns in time, whatever happens.
	timeout time.Duration
	// report is told of each such call, and again when it has returned after all.
	report func(record int64, since time.Time, returned bool)

	mu    sync.Mutex
	calls map[*stuckCall]struct{}
}

type stuckCall struct {
	record int64
	since  time.Time
	// returned: its timer has nothing to report any more.
	returned bool
}

// watch is called when a call begins. The function that it returns is called when the
// call has returned.
func (s *stuck) watch(record int64, since time.Time) (returned func()) {
	if s.timeout <= 0 {
		return func() {}
	}
	call := &stuckCall{record: record, since: since}
	timer := time.AfterFunc(s.timeout+stuckAfter, func() { s.add(call) })
	return func() {
		if !timer.Stop() {
			s.remove(call)
		}
	}
}

func (s *stuck) add(call *stuckCall) {
	s.mu.Lock()
	defer s.mu.Unlock()
	if call.returned {
		return
	}
	s.calls[call] = struct{}{}
	s.report(call.record, call.since, false)
}

func (s *stuck) remove(call *stuckCall) {
	s.mu.Lock()
	defer s.mu.Unlock()
	call.returned = true
	if _, reported := s.calls[call]; reported {
		delete(s.calls, call)
		s.report(call.record, call.since, true)
	}
}

// Stuck are the calls that have not returned one second after their timeout; nil if
// there are none.
func (p *Pool) Stuck() *job.StuckCalls {
	p.stuck.mu.Lock()
	defer p.stuck.mu.Unlock()
	var all *job.StuckCalls
	for call := range p.stuck.calls {
		all = all.With(&job.StuckCalls{Count: 1, Record: call.record, Since: call.since, Timeout: job.Duration(p.stuck.timeout)})
	}
	return all
}
