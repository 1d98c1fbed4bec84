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
	// control is the last change of settings.
	control job.Control
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

// acquire waits for a token, first come first served, and then for the rate.
func (p *Pool) acquire(ctx context.Context) error {
	if ctx.Err() != nil {
		return context.Cause(ctx)
	}
	p.mu.Lock()
	if p.waiting.Len() == 0 && p.mayStart() {
		p.inFlight++
		p.mu.Unlock()
		return p.await(ctx)
	}
	granted := make(chan struct{})
	place := p.waiting.PushBack(granted)
	p.mu.Unlock()
	select {
	case <-granted:
		return p.await(ctx)
	case <-ctx.Done():
	}
	p.mu.Lock()
	select {
	case <-granted:
		p.mu.Unlock()
		p.giveBackUnused()
	default:
		p.waiting.Remove(place)
		p.mu.Unlock()
	}
	return context.Cause(ctx)
}

// await holds a token until the rate allows a start. A token that came too late
// is given back.
func (p *Pool) await(ctx context.Context) error {
	p.awaitStart(ctx)
	if ctx.Err() != nil {
		p.giveBackUnused()
		return context.Cause(ctx)
	}
	return nil
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
func (p *Pool) mayStart() bool {
	return !p.control.Paused && p.inFlight < p.capacity && (p.brakedUntil.IsZero() || !time.Now().Before(p.brakedUntil)) && p.outage.allows()
}

// wake lets calls start when something else than a token was in the way.
func (p *Pool) wake() {
	p.mu.Lock()
	defer p.mu.Unlock()
	p.grant()
}

func (p *Pool) grant() {
	for p.waiting.Len() > 0 && p.mayStart() {
		p.inFlight++
		close(p.waiting.Remove(p.waiting.Front()).(chan struct{}))
	}
}
