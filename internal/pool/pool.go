package pool

import (
	"container/list"
	"context"
	"sync"
	"sync/atomic"
	"time"

	"github.com/google/uuid"

	"longhaul/job"
)

// Pool is a semaphore whose size is the sum of the shares that have joined, and
// a rate limiter likewise. The zero value is not ready; use New.
type Pool struct {
	id       string
	caller   Caller
	settings Settings
	outage   *outage

	// backingOff counts records that wait for their next attempt.
	backingOff atomic.Int64

	mu       sync.Mutex
	seats    map[*seat]struct{}
	members  int
	capacity int
	inFlight int
	// waiting are the calls that wait for a token, leaving the chunks that wait
	// until the calls in flight fit without their share.
	waiting list.List
	leaving list.List
	// brakedUntil holds all calls back, see Brake.
	brakedUntil time.Time
	brake       *time.Timer
	throttle    *throttle
	// control is the last change of settings, by the run whose chunks are here.
	control job.Control
	run     string
}

// Settings are what a job's spec says of its calls.
type Settings struct {
	Retry  job.RetrySpec
	Outage job.OutageSpec
	// Isolation is shared by all pools of a process: each call reads, a call that
	// must be alone in the process writes.
	Isolation *sync.RWMutex
}

// New makes a pool without tokens for one kind of call.
func New(caller Caller, settings Settings) *Pool {
	p := &Pool{
		id: uuid.NewString(), caller: caller, settings: settings,
		seats: map[*seat]struct{}{}, throttle: newThrottle(),
	}
	p.outage = newOutage(settings.Outage, p.wake)
	return p
}

// ID tells this pool from those of other processes.
func (p *Pool) ID() string { return p.id }

// token lets one call be made.
type token struct {
	// probe: it is the one call of an outage.
	probe bool
}

// waiter is a call that waits for a token.
type waiter struct {
	token   token
	granted chan struct{}
}

// acquire waits for a token, first come first served.
func (p *Pool) acquire(ctx context.Context) (token, error) {
	if ctx.Err() != nil {
		return token{}, context.Cause(ctx)
	}
	p.mu.Lock()
	if p.waiting.Len() == 0 {
		if t, ok := p.mayStart(); ok {
			p.inFlight++
			p.mu.Unlock()
			return t, nil
		}
	}
	w := &waiter{granted: make(chan struct{})}
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
		p.giveBackUnused()
	default:
		p.waiting.Remove(place)
		p.mu.Unlock()
	}
	return token{}, context.Cause(ctx)
}

// giveBackUnused gives a token back with which no call was made.
func (p *Pool) giveBackUnused() {
	p.outage.abandoned()
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

// Brake starts no call of the job in this process for the given time. Calls in
// flight go on. Of several brakes the longest counts.
func (p *Pool) Brake(d time.Duration) {
	p.mu.Lock()
	defer p.mu.Unlock()
	until := time.Now().Add(d)
	if !until.After(p.brakedUntil) {
		return
	}
	p.brakedUntil = until
	if p.brake != nil {
		p.brake.Stop()
	}
	p.brake = time.AfterFunc(d, p.wake)
}

// mayStart says whether a call may start now; it must, if the answer is yes.
func (p *Pool) mayStart() (token, bool) {
	if p.control.Paused || p.inFlight >= p.capacity || time.Now().Before(p.brakedUntil) {
		return token{}, false
	}
	allowed, probe := p.outage.allows()
	return token{probe}, allowed
}

// isHeldBack says whether a call that has a token must not start after all: the
// job was paused, has fewer calls or waits for the API since.
func (p *Pool) isHeldBack(t token) bool {
	return p.control.Paused || p.inFlight > p.capacity || !t.probe && p.outage.down.Load()
}

// wake lets calls start when something else than a token was in the way, and has
// those look again that wait with one.
func (p *Pool) wake() {
	p.mu.Lock()
	defer p.mu.Unlock()
	p.throttle.wakeUp()
	p.grant()
}

func (p *Pool) grant() {
	for p.waiting.Len() > 0 {
		t, ok := p.mayStart()
		if !ok {
			return
		}
		p.inFlight++
		w := p.waiting.Remove(p.waiting.Front()).(*waiter)
		w.token = t
		close(w.granted)
	}
}
