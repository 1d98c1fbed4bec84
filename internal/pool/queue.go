package pool

import (
	"cmp"
	"container/list"
	"slices"
)

// queue has the calls that wait for a token. The runs have an order: a call of an earlier
// run is before all of a later run, and of one run it is first come, first served. So a
// chunk begins with all tokens and is soon done but for its slowest calls, and the chunks of
// a job do not all wait for theirs at the same time. The pool's lock guards it.
type queue struct {
	lines []*line
	size  int
}

// line has the calls of one run.
type line struct {
	order   int64
	waiters list.List
}

// join adds a line for a run.
func (q *queue) join(order int64) *line {
	l := &line{order: order}
	at, _ := slices.BinarySearchFunc(q.lines, order+1, func(other *line, order int64) int { return cmp.Compare(other.order, order) })
	q.lines = slices.Insert(q.lines, at, l)
	return l
}

// leave removes an empty line.
func (q *queue) leave(l *line) {
	q.lines = slices.DeleteFunc(q.lines, func(other *line) bool { return other == l })
}

func (q *queue) push(l *line, w *waiter) *list.Element {
	q.size++
	return l.waiters.PushBack(w)
}

func (q *queue) remove(l *line, place *list.Element) *waiter {
	q.size--
	return l.waiters.Remove(place).(*waiter)
}

// front is the call that is next; nil if none waits.
func (q *queue) front() (*line, *list.Element) {
	for _, l := range q.lines {
		if place := l.waiters.Front(); place != nil {
			return l, place
		}
	}
	return nil, nil
}

// firstThat is the next call that is the first one for its record, or that is not, if
// there is one; else the one that is next.
func (q *queue) firstThat(isFirst bool) (*line, *list.Element) {
	for _, l := range q.lines {
		for place := l.waiters.Front(); place != nil; place = place.Next() {
			if place.Value.(*waiter).first == isFirst {
				return l, place
			}
		}
	}
	return q.front()
}

// queueUp adds a line for a run to the pool's queue, and says where its tasks go. leaveQueue
// removes the line; with the last one the goroutines end that wait for tasks.
func (p *Pool) queueUp(order int64) (*line, chan task) {
	p.mu.Lock()
	defer p.mu.Unlock()
	if len(p.waiting.lines) == 0 {
		p.tasks = make(chan task)
	}
	return p.waiting.join(order), p.tasks
}

func (p *Pool) leaveQueue(l *line) {
	p.mu.Lock()
	defer p.mu.Unlock()
	if p.waiting.leave(l); len(p.waiting.lines) == 0 {
		close(p.tasks)
	}
}
