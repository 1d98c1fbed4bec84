package pool

import (
	"time"

	"longhaul/job"
)

// cooldown is how long a rate must not have been used before another process may use
// it: no second then holds more starts than the rate, over all workers.
const cooldown = time.Second

// Slot is a lane's grant that has joined the pool.
type Slot struct {
	pool  *Pool
	grant job.LaneGrant
	// rate is what the grant adds to the pool's rate now.
	rate float64
	// limited slots make the pool keep to its rate.
	limited bool
	// lease says until when the grant counts. lapsed: it does not count now. donated:
	// its chunk has ended, and left it to the others.
	lease           *Lease
	lapsed, donated bool
	// cooling ends the cooldown of a rate that is not used yet.
	cooling *time.Timer
	closed  chan struct{}
}

// Join adds a grant, or what has become of it by a later change. Its rate counts
// from the next second on unless it is fresh or was here last: another process may
// have used it a moment ago. It counts as long as the lease is valid: then somebody else
// may have it. A nil lease has no end.
func (p *Pool) Join(grant job.LaneGrant, lease *Lease) *Slot {
	p.mu.Lock()
	defer p.mu.Unlock()
	p.runID = grant.RunID
	if p.control.RunID != p.runID {
		p.control = job.Control{RunID: p.runID} // an earlier run's does not count for this one
	}
	s := &Slot{pool: p, grant: p.inForce(grant), lease: lease, closed: make(chan struct{})}
	p.slots[s] = struct{}{}
	p.members++
	p.count(s.grant, 1)
	s.setLimited(s.grant.Rate > 0)
	switch {
	case s.grant.Rate == 0:
	case grant.Pool == p.id || grant.Fresh:
		p.throttle.endCooldown(s.grant.Rate)
		s.setRate(s.grant.Rate)
	default:
		s.setRateAfterCooldown()
	}
	s.closeIfEmpty()
	p.leasesUntil = time.Time{}
	lease.onRenewal(p.renewed)
	p.grantTokens()
	return s
}

// Retune puts other grants in force, for the slots that are here and those to
// come.
func (p *Pool) Retune(control job.Control) {
	p.mu.Lock()
	defer p.mu.Unlock()
	if control.RunID == p.control.RunID && control.Version <= p.control.Version || p.runID != "" && control.RunID != p.runID {
		return // known, or of a run before this one
	}
	p.control = control
	if control.MaxFailures != nil {
		p.endIf(p.tally.setLimit(*control.MaxFailures))
	}
	for s := range p.slots {
		s.retune(p.inForce(s.grant))
	}
	p.throttle.wakeUp()
	p.grantTokens()
}

// inForce is the later one of the grant and that of its lane in the last change.
func (p *Pool) inForce(grant job.LaneGrant) job.LaneGrant {
	if p.control.RunID != grant.RunID || p.control.Version <= grant.Version || grant.Lane >= len(p.control.Grants) {
		return grant
	}
	changed := p.control.Grants[grant.Lane]
	changed.Pool, changed.RunID = grant.Pool, grant.RunID
	return changed
}

func (s *Slot) retune(grant job.LaneGrant) {
	p := s.pool
	if !s.lapsed {
		p.count(s.grant, -1)
		p.count(grant, 1)
	}
	// A closed lane's calls that are still here have no rate, not any.
	s.setLimited(grant.Rate > 0 || s.limited && grant.Calls == 0)
	if s.cooling != nil {
		s.cooling.Stop()
	}
	had := s.grant.Rate > 0
	s.grant = grant
	switch {
	case s.lapsed:
	case had && grant.Rate > s.rate:
		// Another process may not know yet that it has less.
		s.setRateAfterCooldown()
	default:
		s.setRate(grant.Rate)
	}
	s.closeIfEmpty()
}

// count adds what the grant allows to what the pool may do, or takes it away if times is -1.
func (p *Pool) count(grant job.LaneGrant, times int) {
	p.capacity += times * grant.Calls
	if grant.Adaptive {
		p.concurrency.slots.Add(int64(times))
		p.concurrency.least += times * grant.Least
	}
}

// setLimited counts the slot among those that have a rate, or not.
func (s *Slot) setLimited(limited bool) {
	if limited == s.limited {
		return
	}
	s.limited = limited
	change := int64(1)
	if !limited {
		change = -1
	}
	s.pool.throttle.slots.Add(change)
	s.pool.throttle.wakeUp()
}

func (s *Slot) setRateAfterCooldown() {
	p := s.pool
	s.cooling = time.AfterFunc(cooldown, func() {
		p.mu.Lock()
		defer p.mu.Unlock()
		if _, joined := p.slots[s]; joined && !s.lapsed {
			s.setRate(s.grant.Rate)
		}
	})
}

func (s *Slot) setRate(rate float64) {
	if rate < s.rate {
		s.pool.throttle.remove(s.rate - rate)
	} else {
		s.pool.throttle.add(rate - s.rate)
	}
	s.rate = rate
}

// closeIfEmpty tells the chunk that its lane has nothing any more.
func (s *Slot) closeIfEmpty() {
	if s.grant.Calls == 0 {
		s.close()
	}
}

func (s *Slot) close() {
	select {
	case <-s.closed:
	default:
		close(s.closed)
	}
}

// CloseLanes has all chunks that are here go elsewhere.
func (p *Pool) CloseLanes() {
	p.mu.Lock()
	defer p.mu.Unlock()
	for s := range p.slots {
		s.close()
	}
}

// Closed is closed when the grant has no calls any more, or by CloseLanes: the chunk has to
// go elsewhere.
func (s *Slot) Closed() <-chan struct{} { return s.closed }

// Donate leaves, but lets the other slots have the grant, for as long as there are
// any. It is for a grant that is not handed out again.
func (s *Slot) Donate() {
	p := s.pool
	p.mu.Lock()
	if p.members > 1 {
		p.members--
		s.donated = true
		s.lease = nil // it is the others' from now on, see lapse
		p.mu.Unlock()
		return
	}
	p.mu.Unlock()
	s.Leave()
}

// Leave takes the grant away, and returns when the calls in flight fit into what is
// left, so that the grant can be given to another worker.
func (s *Slot) Leave() {
	p := s.pool
	p.mu.Lock()
	p.members--
	s.remove()
	if p.members == 0 {
		// Nobody is left who could use what was donated.
		for donated := range p.slots {
			donated.remove()
		}
	}
	p.checkLeases(time.Now())
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
func (s *Slot) remove() {
	p := s.pool
	delete(p.slots, s)
	if !s.lapsed {
		p.count(s.grant, -1)
	}
	s.setLimited(false)
	if s.cooling != nil {
		s.cooling.Stop()
	}
	s.setRate(0)
}
