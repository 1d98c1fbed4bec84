package pool

import "time"

// A slot whose lease has ended adds no calls: another process may have its grant, while
// calls of other chunks could still use it here. In-flight calls stay counted.

// noLease is when the lease of slots without one ends.
const noLease = 100 * 365 * 24 * time.Hour

// checkLeases is called with the lock, before the capacity is used.
func (p *Pool) checkLeases(now time.Time) {
	if isBefore(now, p.leasesUntil) {
		return
	}
	p.leasesUntil = now.Add(noLease)
	anyLapsed := false
	for s := range p.slots {
		switch valid := s.lease.Valid(now); {
		case valid && s.lapsed:
			s.revive()
		case !valid && !s.lapsed:
			s.lapse()
			anyLapsed = true
		}
		if s.lease != nil && !s.lapsed {
			if until := *s.lease.until.Load(); until.Before(p.leasesUntil) {
				p.leasesUntil = until
			}
		}
	}
	if !anyLapsed {
		return
	}
	// Donated grants are handed out again once no chunk is in flight, and who has lost
	// sight of the server cannot know whether one is.
	for s := range p.slots {
		if s.donated {
			s.remove()
		}
	}
}

// renewed is called after the renewal of a lease.
func (p *Pool) renewed() {
	p.mu.Lock()
	defer p.mu.Unlock()
	p.leasesUntil = time.Time{}
	p.grantTokens()
	p.letLeave()
}

// lapse is called with the lock.
func (s *Slot) lapse() {
	s.lapsed = true
	s.pool.count(s.grant, -1)
	if s.cooling != nil {
		s.cooling.Stop()
	}
	s.setRate(0)
}

// revive is called with the lock.
func (s *Slot) revive() {
	s.lapsed = false
	s.pool.count(s.grant, 1)
	if s.grant.Rate > 0 {
		s.setRateAfterCooldown()
	}
}
