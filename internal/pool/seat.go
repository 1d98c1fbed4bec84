package pool

import (
	"time"

	"longhaul/job"
)

// Seat is a share that has joined.
type Seat = interface {
	// Closed is closed when the share has no calls any more: the chunk has to
	// go elsewhere.
	Closed() <-chan struct{}
	// Leave takes the share away, and returns when the calls in flight fit into
	// what is left, so that the share can be given to another worker.
	Leave()
	// Bequeath leaves, but lets the other members have the share, for as long
	// as there are any. It is for a share that is not handed out again.
	Bequeath()
}

// settling is how long a rate must have rested before another process may use
// it: no second then holds more starts than the rate, over all workers.
const settling = time.Second

type seat struct {
	pool  *Pool
	share job.Share
	// rate is what the share adds to the pool's rate now.
	rate float64
	// limited seats make the pool keep to its rate.
	limited bool
	settle  *time.Timer
	closed  chan struct{}
}

// Join adds a share, or what has become of it by a later change. Its rate counts
// from the next second on unless it is fresh or was here last: another process may
// have used it a moment ago.
func (p *Pool) Join(share job.Share) Seat {
	p.mu.Lock()
	defer p.mu.Unlock()
	p.run = share.Run
	if p.control.Run != p.run {
		p.control = job.Control{Run: p.run} // an earlier run's says nothing to this one
	}
	s := &seat{pool: p, share: p.inForce(share), closed: make(chan struct{})}
	p.seats[s] = struct{}{}
	p.members++
	p.capacity += s.share.Calls
	s.setLimited(s.share.Rate > 0)
	switch {
	case s.share.Rate == 0:
	case share.Pool == p.id || share.Fresh:
		p.throttle.rouse(s.share.Rate)
		s.setRate(s.share.Rate)
	default:
		s.setRateLater()
	}
	s.closeIfEmpty()
	p.grant()
	return s
}

// Retune puts other shares in force, for the seats that are here and those to
// come.
func (p *Pool) Retune(control job.Control) {
	p.mu.Lock()
	defer p.mu.Unlock()
	if control.Run == p.control.Run && control.Version <= p.control.Version || p.run != "" && control.Run != p.run {
		return // known, or of a run before this one
	}
	p.control = control
	if control.MaxFailures != nil {
		p.endIf(p.tally.setLimit(*control.MaxFailures))
	}
	for s := range p.seats {
		s.retune(p.inForce(s.share))
	}
	p.throttle.wakeUp()
	p.grant()
}

// inForce is the later one of the share and that of its lane in the last change.
func (p *Pool) inForce(share job.Share) job.Share {
	if p.control.Run != share.Run || p.control.Version <= share.Version || share.Lane >= len(p.control.Shares) {
		return share
	}
	changed := p.control.Shares[share.Lane]
	changed.Pool, changed.Run = share.Pool, share.Run
	return changed
}

func (s *seat) retune(share job.Share) {
	p := s.pool
	p.capacity += share.Calls - s.share.Calls
	// A closed lane's calls that are still here have no rate, not any.
	s.setLimited(share.Rate > 0 || s.limited && share.Calls == 0)
	if s.settle != nil {
		s.settle.Stop()
	}
	had := s.share.Rate > 0
	s.share = share
	switch {
	case had && share.Rate > s.rate:
		// Another process may not have heard yet that it has less.
		s.setRateLater()
	default:
		s.setRate(share.Rate)
	}
	s.closeIfEmpty()
}

// setLimited counts the seat among those that have a rate, or not.
func (s *seat) setLimited(limited bool) {
	if limited == s.limited {
		return
	}
	s.limited = limited
	change := int64(1)
	if !limited {
		change = -1
	}
	s.pool.throttle.seats.Add(change)
	s.pool.throttle.wakeUp()
}

func (s *seat) setRateLater() {
	p := s.pool
	s.settle = time.AfterFunc(settling, func() {
		p.mu.Lock()
		defer p.mu.Unlock()
		if _, seated := p.seats[s]; seated {
			s.setRate(s.share.Rate)
		}
	})
}

func (s *seat) setRate(rate float64) {
	if rate < s.rate {
		s.pool.throttle.remove(s.rate - rate)
	} else {
		s.pool.throttle.add(rate - s.rate)
	}
	s.rate = rate
}

// closeIfEmpty tells the chunk that its lane has nothing any more.
func (s *seat) closeIfEmpty() {
	if s.share.Calls > 0 {
		return
	}
	select {
	case <-s.closed:
	default:
		close(s.closed)
	}
}

func (s *seat) Closed() <-chan struct{} { return s.closed }

func (s *seat) Bequeath() {
	p := s.pool
	p.mu.Lock()
	if p.members > 1 {
		p.members--
		p.mu.Unlock()
		return
	}
	p.mu.Unlock()
	s.Leave()
}

func (s *seat) Leave() {
	p := s.pool
	p.mu.Lock()
	p.members--
	s.remove()
	if p.members == 0 {
		// What was bequeathed has no heir.
		for heirless := range p.seats {
			heirless.remove()
		}
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

// remove is called with the lock.
func (s *seat) remove() {
	p := s.pool
	delete(p.seats, s)
	p.capacity -= s.share.Calls
	s.setLimited(false)
	if s.settle != nil {
		s.settle.Stop()
	}
	s.setRate(0)
}
