package pool

import (
	"time"

	"longhaul/job"
)

// Bottleneck is what keeps the calls from being more now.
func (p *Pool) Bottleneck() job.Bottleneck {
	if p.outage.open.Load() {
		return job.BottleneckAPI
	}
	p.mu.Lock()
	defer p.mu.Unlock()
	allowed := p.concurrency.allowed(p.capacity, time.Now())
	switch {
	case time.Now().Before(p.brakedUntil):
		return job.BottleneckAPI
	case p.adaptive.on && len(p.throttle.starting) > 0:
		return job.BottleneckAPI
	case p.throttle.slots.Load() > 0 && len(p.throttle.starting) > 0:
		return job.BottleneckRate
	case allowed < p.capacity && p.inFlight >= allowed:
		return job.BottleneckAPI
	case p.inFlight >= p.capacity && p.capacity > 0:
		return job.BottleneckParallelism
	case p.backingOff.Load() > int64(p.inFlight):
		return job.BottleneckAPI
	default:
		return job.BottleneckInterval
	}
}
