package pool

import "time"

// Brake starts no call of the job in this process for the given time. Calls in
// flight go on. Of several brakes the longest counts.
func (p *Pool) Brake(d time.Duration) {
	p.mu.Lock()
	defer p.mu.Unlock()
	p.brakeFor(d, time.Now())
}

// brakeFor is called with the lock.
func (p *Pool) brakeFor(d time.Duration, now time.Time) {
	until := now.Add(d)
	if d <= 0 || !until.After(p.brakedUntil) {
		return
	}
	if p.brakedUntil.Before(now) {
		p.brakedSince = now
	}
	p.brakedUntil = until
	if p.brake != nil {
		p.brake.Stop()
	}
	p.brake = time.AfterFunc(d, p.wake)
}
