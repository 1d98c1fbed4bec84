package pool

import (
	"time"
)

// lateBy is how much later than noted a call may start: the window is longer than a second
// by as much.
const lateBy = rateWindow - time.Second

// awaitRate is for a call that starts later than was noted, because its mark was written
// slowly: it waits until the second in which it really starts has room for it.
func (r *run) awaitRate(t *token) error {
	for {
		wait := r.noteAgain(t, time.Now())
		if wait <= 0 {
			return nil
		}
		if err := sleep(r.stop, wait); err != nil {
			return err
		}
	}
}

// noteAgain moves the noted start of a call to now, if that is late. It returns how long the
// start must wait instead.
func (p *Pool) noteAgain(t *token, now time.Time) time.Duration {
	if t.noted.IsZero() || now.Sub(t.noted) < lateBy {
		return 0
	}
	p.mu.Lock()
	defer p.mu.Unlock()
	p.throttle.recent.remove(t.noted)
	if wait := p.throttle.windowWait(now); wait > 0 {
		return wait
	}
	p.throttle.recent.add(now)
	return 0
}
