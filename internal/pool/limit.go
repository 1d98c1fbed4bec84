package pool

import (
	"time"

	"longhaul/job"
)

// Limit is what keeps the calls from being more now.
func (p *Pool) Limit() job.Limit {
	if p.outage.open.Load() {
		return job.LimitAPI
	}
	p.mu.Lock()
	defer p.mu.Unlock()
	switch {
	case time.Now().Before(p.brakedUntil):
		return job.LimitAPI
	case p.adaptive.on && len(p.throttle.turn) > 0:
		return job.LimitAPI
	case p.throttle.seats.Load() > 0 && len(p.throttle.turn) > 0:
		return job.LimitRate
	case p.inFlight >= p.capacity && p.capacity > 0:
		return job.LimitParallelism
	case p.backingOff.Load() > int64(p.inFlight):
		return job.LimitAPI
	default:
		return job.LimitInterval
	}
}
