package pool

import (
	"container/list"
	"context"
	"time"
)

// token lets one call be made. Its owner acquires it before each call for a record,
// and releases it during a backoff and when the answer is in the journal.
type token struct {
	pool *Pool
	line *line
	held bool
	// waiter is for its first wait, if there is one that is free.
	waiter *waiter
	// probe: it is the one call of an outage, and its outcome is not noted yet.
	probe bool
	// noted is when the start of its call was noted for the rate; zero without a rate.
	noted time.Time
}

// waiter is a call that waits for a token. It can be used again when it has one.
type waiter struct {
	// first: it would be the first call for its record.
	first bool
	// granted gets a value with the token.
	granted chan struct{}
	// probe is set when the token is granted.
	probe bool
}

func newWaiter(first bool) *waiter { return &waiter{first: first, granted: make(chan struct{}, 1)} }

// acquire waits for a token, in the order of queue; first says whether the call is the
// first one for its record. After an error the token is not held.
func (t *token) acquire(ctx context.Context, first bool) error {
	if ctx.Err() != nil {
		return context.Cause(ctx)
	}
	p, w := t.pool, t.waiter
	t.waiter = nil // for the next token of whoever lent it
	p.mu.Lock()
	if p.waiting.size == 0 {
		if probe, ok := p.mayStart(); ok {
			p.take()
			p.mu.Unlock()
			t.held, t.probe = true, probe
			return nil
		}
	}
	if w == nil {
		w = newWaiter(first)
	}
	place := p.waiting.push(t.line, w)
	p.mu.Unlock()
	select {
	case <-w.granted:
		t.held, t.probe = true, w.probe
		return nil
	case <-ctx.Done():
	}
	p.mu.Lock()
	select {
	case <-w.granted:
		p.mu.Unlock()
		t.held, t.probe = true, w.probe
		t.release()
	default:
		p.waiting.remove(t.line, place)
		p.mu.Unlock()
	}
	return context.Cause(ctx)
}

// release gives the token back; one that is not held stays as it is. A probe whose
// outcome was not noted was not made.
func (t *token) release() {
	if !t.held {
		return
	}
	if t.probe {
		t.pool.outage.abandon()
	}
	t.held, t.probe = false, false
	t.pool.free()
}

// take is called with the lock. A call that is not spaced starts with its token.
func (p *Pool) take() {
	p.inFlight++
	if !p.isLimited() {
		p.adaptive.begin(time.Now())
	}
}

func (p *Pool) free() {
	p.mu.Lock()
	defer p.mu.Unlock()
	p.inFlight--
	p.grantTokens()
	p.letLeave()
}

// letLeave is called with the lock.
func (p *Pool) letLeave() {
	if p.leaving.Len() == 0 {
		return
	}
	p.checkLeases(time.Now())
	for p.inFlight <= p.capacity && p.leaving.Len() > 0 {
		close(p.leaving.Remove(p.leaving.Front()).(chan struct{}))
	}
}

// mayStart says whether a call may start now, and whether it is a probe; it must
// start, if the answer is yes. It is called with the lock.
func (p *Pool) mayStart() (probe, ok bool) {
	now := time.Now()
	p.checkLeases(now)
	if p.over.Err() != nil || p.control.Paused || p.holds > 0 || p.inFlight >= p.canary.capacity(p.concurrency.allowed(p.capacity, now)) || now.Before(p.brakedUntil) {
		return false, false
	}
	ok, probe = p.outage.allows(now)
	return probe, ok
}

// isHeldBack says whether a call that has a token must not start after all: the
// job was paused, has fewer calls or waits for the API since. It is called with the
// lock.
func (p *Pool) isHeldBack(t *token, now time.Time) bool {
	p.checkLeases(now)
	return p.over.Err() != nil || p.control.Paused || p.holds > 0 || p.inFlight > p.capacity || !t.probe && p.outage.open.Load()
}

// wake lets calls start that did not wait for a token but for something else, and has
// those look again that wait with one.
func (p *Pool) wake() {
	p.mu.Lock()
	defer p.mu.Unlock()
	p.throttle.wakeUp()
	p.grantTokens()
}

// next is the call that gets the token. A probe is by turns the first call for a record
// and a later one, if such a call waits: the records that wait for a later one may be
// those that always fail, and an API may always fail the first. It is called with the
// lock.
func (p *Pool) next(probe bool) (*line, *list.Element) {
	if !probe {
		return p.waiting.front()
	}
	p.probes++
	return p.waiting.firstThat(p.probes%2 == 1)
}

// grantTokens is called with the lock.
func (p *Pool) grantTokens() {
	for p.waiting.size > 0 {
		probe, ok := p.mayStart()
		if !ok {
			return
		}
		p.take()
		w := p.waiting.remove(p.next(probe))
		w.probe = probe
		w.granted <- struct{}{}
	}
}
