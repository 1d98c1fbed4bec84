package pool

import (
	"time"

	"longhaul/job"
)

// Seat is a share that has joined.
type Seat = interface {
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
	rate   float64
	settle *time.Timer
}

// Join adds a share. Its rate counts from the next second on if another process
// had it last: that one may have used it a moment ago.
func (p *Pool) Join(share job.Share) Seat {
	p.mu.Lock()
	defer p.mu.Unlock()
	s := &seat{pool: p, share: share}
	p.seats[s] = struct{}{}
	p.members++
	p.capacity += share.Calls
	switch {
	case share.Rate == 0:
	case share.Pool == p.id:
		s.addRate()
	default:
		s.settle = time.AfterFunc(settling, func() {
			p.mu.Lock()
			defer p.mu.Unlock()
			if _, seated := p.seats[s]; seated {
				s.addRate()
			}
		})
	}
	p.grant()
	return s
}

func (s *seat) addRate() {
	s.rate = s.share.Rate
	s.pool.throttle.add(s.rate)
}

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
	if s.settle != nil {
		s.settle.Stop()
	}
	if s.rate > 0 {
		p.throttle.remove(s.rate)
	}
}
