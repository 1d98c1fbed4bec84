package server

import (
	"context"
	"time"
)

// queue holds tasks, and those who wait for one. It is guarded by the server's lock.
type queue struct {
	tasks   []task
	waiting []chan struct{}
}

// task gives its answer to a poll when it is taken; false if it is not to be done any
// more.
type task func() (answer any, ok bool)

// add adds a task, and wakes the poller that has waited longest.
func (q *queue) add(t task) {
	q.tasks = append(q.tasks, t)
	q.wake()
}

func (q *queue) wake() {
	if len(q.waiting) == 0 {
		return
	}
	close(q.waiting[0])
	q.waiting = q.waiting[1:]
}

// take is the answer of the first task that is to be done.
func (q *queue) take() (any, bool) {
	for len(q.tasks) > 0 {
		first := q.tasks[0]
		q.tasks = q.tasks[1:]
		if answer, ok := first(); ok {
			return answer, true
		}
	}
	return nil, false
}

// poll waits for a task; false if there is none for long.
func (s *Server) poll(ctx context.Context, q *queue) (any, bool, error) {
	ctx, cancel := context.WithTimeout(ctx, longPoll)
	defer cancel()
	deadline := time.Now().Add(longPoll)
	for {
		s.mu.Lock()
		answer, ok := q.take()
		woken := make(chan struct{})
		if !ok {
			q.waiting = append(q.waiting, woken)
		}
		s.mu.Unlock()
		if ok {
			return answer, true, nil
		}
		select {
		case <-woken:
		case <-ctx.Done():
			s.leave(q, woken)
			if time.Now().Before(deadline) {
				return nil, false, context.Cause(ctx)
			}
			return nil, false, nil
		}
	}
}

// leave takes out one who does not wait any more. If it has been woken meanwhile, the next
// one is woken in its place.
func (s *Server) leave(q *queue, woken chan struct{}) {
	s.mu.Lock()
	defer s.mu.Unlock()
	for i, w := range q.waiting {
		if w == woken {
			q.waiting = append(q.waiting[:i:i], q.waiting[i+1:]...)
			return
		}
	}
	if len(q.tasks) > 0 {
		q.wake()
	}
}
