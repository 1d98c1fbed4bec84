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
	switch {
	case time.Now().Before(p.brakedUntil):
		return job.BottleneckAPI
	case p.adaptive.on && len(p.throttle.starting) > 0:
		return job.BottleneckAPI
	case p.throttle.slots.Load() > 0 && len(p.throttle.starting) > 0:
		return job.BottleneckRate
	case p.concurrency.isOn() && p.concurrency.allowed(p.capacity) < p.capacity && p.inFlight >= p.concurrency.allowed(p.capacity):
		return job.BottleneckAPI
	case p.inFlight >= p.capacity && p.capacity > 0:
		return job.BottleneckParallelism
	case p.backingOff.Load() > int64(p.inFlight):
		return job.BottleneckAPI
	default:
		return job.BottleneckInterval
	}
}
