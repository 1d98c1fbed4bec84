package pool

import (
	"container/list"
	"context"
	"time"
)

// token lets one call be made.
type token struct {
	// probe: it is the one call of an outage.
	probe bool
}

// waiter is a call that waits for a token.
type waiter struct {
	token token
	// first: it would be the first call for its record.
	first   bool
	granted chan struct{}
}

// acquire waits for a token, first come first served; first says whether the call is
// the first one for its record.
func (p *Pool) acquire(ctx context.Context, first bool) (token, error) {
	if ctx.Err() != nil {
		return token{}, context.Cause(ctx)
	}
	p.mu.Lock()
	if p.waiting.Len() == 0 {
		if t, ok := p.mayStart(); ok {
			p.take()
			p.mu.Unlock()
			return t, nil
		}
	}
	w := &waiter{first: first, granted: make(chan struct{})}
	place := p.waiting.PushBack(w)
	p.mu.Unlock()
	select {
	case <-w.granted:
		return w.token, nil
	case <-ctx.Done():
	}
	p.mu.Lock()
	select {
	case <-w.granted:
		p.mu.Unlock()
		p.giveBackUnused(w.token)
	default:
		p.waiting.Remove(place)
		p.mu.Unlock()
	}
	return token{}, context.Cause(ctx)
}

// take takes a token. A call that is not spaced starts with it.
func (p *Pool) take() {
	p.inFlight++
	if !p.isLimited() {
		p.adaptive.begin(time.Now())
	}
}

// giveBackUnused gives a token back with which no call was made.
func (p *Pool) giveBackUnused(t token) {
	if t.probe {
		p.outage.abandon()
	}
	p.release()
}

// release gives a token back.
func (p *Pool) release() {
	p.mu.Lock()
	defer p.mu.Unlock()
	p.inFlight--
	p.grant()
	for p.inFlight <= p.capacity && p.leaving.Len() > 0 {
		close(p.leaving.Remove(p.leaving.Front()).(chan struct{}))
	}
}

// mayStart says whether a call may start now; it must, if the answer is yes.
func (p *Pool) mayStart() (token, bool) {
	now := time.Now()
	if p.over.Err() != nil || p.control.Paused || p.inFlight >= p.canary.capacity(p.capacity) || now.Before(p.brakedUntil) {
		return token{}, false
	}
	allowed, probe := p.outage.allows(now)
	return token{probe}, allowed
}

// isHeldBack says whether a call that has a token must not start after all: the
// job was paused, has fewer calls or waits for the API since.
func (p *Pool) isHeldBack(t token) bool {
	return p.over.Err() != nil || p.control.Paused || p.inFlight > p.capacity || !t.probe && p.outage.open.Load()
}

// wake lets calls start when something else than a token was in the way, and has
// those look again that wait with one.
func (p *Pool) wake() {
	p.mu.Lock()
	defer p.mu.Unlock()
	p.throttle.wakeUp()
	p.grant()
}

// next is who gets the token. A probe is the first call for a record if one waits:
// those that wait for a later one have failed before, and may always fail.
func (p *Pool) next(t token) *list.Element {
	if t.probe {
		for waiting := p.waiting.Front(); waiting != nil; waiting = waiting.Next() {
			if waiting.Value.(*waiter).first {
				return waiting
			}
		}
	}
	return p.waiting.Front()
}

func (p *Pool) grant() {
	for p.waiting.Len() > 0 {
		t, ok := p.mayStart()
		if !ok {
			return
		}
		p.take()
		w := p.waiting.Remove(p.next(t)).(*waiter)
		w.token = t
		close(w.granted)
	}
}
