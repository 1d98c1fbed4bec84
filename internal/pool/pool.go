package pool

import (
	"container/list"
	"context"
	"sync"
	"time"

	"golang.org/x/time/rate"

	"longhaul/job"
)

// Pool is a semaphore whose size is the sum of the shares that have joined, and
// a rate limiter likewise. The zero value is not ready; use New.
type Pool struct {
	caller Caller
	retry  job.RetrySpec

	mu       sync.Mutex
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

	limited bool
	rate    float64
	limiter *rate.Limiter
	// recent is for the call that has the turn.
	recent window
	// turn lets one call at a time wait for the limiter: a reservation made
	// before the rate was lowered would start too early.
	turn chan struct{}
}

// New makes a pool without tokens for one kind of call. A limited pool starts
// calls no faster than the rates of its shares allow together.
func New(caller Caller, retry job.RetrySpec, limited bool) *Pool {
	p := &Pool{caller: caller, retry: retry, limited: limited, limiter: rate.NewLimiter(0, 1), turn: make(chan struct{}, 1)}
	// An empty bucket: the first start of each of ten workers is not free.
	p.limiter.Allow()
	return p
}

// Join adds a share.
func (p *Pool) Join(share job.Share) {
	p.mu.Lock()
	defer p.mu.Unlock()
	p.members++
	p.capacity += share.Calls
	p.addRate(share.Rate)
	p.grant()
}

// Bequeath leaves the pool but lets the other members have the share, for as
// long as there are any. It is for a share that is not handed out again.
func (p *Pool) Bequeath(share job.Share) {
	p.mu.Lock()
	alone := p.members == 1
	if !alone {
		p.members--
	}
	p.mu.Unlock()
	if alone {
		p.Leave(share)
	}
}

// Leave takes a share away, and returns when the calls in flight fit into what
// is left, so that the share can be given to another worker.
func (p *Pool) Leave(share job.Share) {
	p.mu.Lock()
	p.members--
	p.capacity -= share.Calls
	p.addRate(-share.Rate)
	if p.members == 0 {
		// What was bequeathed has no heir.
		p.capacity = 0
		p.addRate(-p.rate)
	}
	if p.inFlight <= p.capacity {
		p.mu.Unlock()
		return
	}
	fits := make(chan struct{})
	p.leaving.PushBack(fits)
	p.mu.Unlock()
	<-fits
}

// acquire waits for a token, first come first served, and then for the rate.
func (p *Pool) acquire(ctx context.Context) error {
	if ctx.Err() != nil {
		return context.Cause(ctx)
	}
	p.mu.Lock()
	if p.free() && p.waiting.Len() == 0 {
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
	defer p.mu.Unlock()
	select {
	case <-granted:
		p.giveBack()
	default:
		p.waiting.Remove(place)
	}
	return context.Cause(ctx)
}

// await holds a token until the rate allows a start. A token that came too late
// is given back.
func (p *Pool) await(ctx context.Context) error {
	if p.limited {
		select {
		case p.turn <- struct{}{}:
			p.waitForRate(ctx)
			<-p.turn
		case <-ctx.Done():
		}
	}
	if ctx.Err() != nil {
		p.release()
		return context.Cause(ctx)
	}
	return nil
}

// waitForRate returns when a start is allowed, or ctx is done. A brake that came
// meanwhile counts too.
func (p *Pool) waitForRate(ctx context.Context) {
	// Its only error is ctx's: shares with a rate are here.
	_ = p.limiter.Wait(ctx)
	for {
		p.mu.Lock()
		now := time.Now()
		hold := max(p.brakedUntil.Sub(now), p.recent.wait(now, p.rate))
		p.mu.Unlock()
		if hold <= 0 {
			p.recent.add(now)
			return
		}
		if sleep(ctx, hold) != nil {
			return
		}
	}
}

// release gives a token back.
func (p *Pool) release() {
	p.mu.Lock()
	defer p.mu.Unlock()
	p.giveBack()
}

func (p *Pool) giveBack() {
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
	p.brake = time.AfterFunc(d, func() {
		p.mu.Lock()
		defer p.mu.Unlock()
		p.grant()
	})
}

func (p *Pool) free() bool {
	return p.inFlight < p.capacity && (p.brakedUntil.IsZero() || !time.Now().Before(p.brakedUntil))
}

func (p *Pool) grant() {
	for p.waiting.Len() > 0 && p.free() {
		p.inFlight++
		close(p.waiting.Remove(p.waiting.Front()).(chan struct{}))
	}
}

func (p *Pool) addRate(change float64) {
	if !p.limited {
		return
	}
	p.rate = max(0, p.rate+change)
	p.limiter.SetLimit(rate.Limit(p.rate))
}
