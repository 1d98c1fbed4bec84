package session

import (
	"runtime"
	"sync"
	"syscall"
	"time"

	"longhaul/job"
)

// busyProcessor is the part of the processor's time from which on it is the limit.
const busyProcessor = 0.9

// bottlenecks remembers what limited a pool in the last seconds.
type bottlenecks struct {
	mu      sync.Mutex
	samples []job.Bottleneck
	// at and used are those of the last sample.
	at   time.Time
	used time.Duration
}

// sampleCount is how many seconds are looked back.
const sampleCount = 10

// sample is called once a second with what the pool says.
func (b *bottlenecks) sample(pool job.Bottleneck) {
	now, used := time.Now(), processorTime()
	b.mu.Lock()
	defer b.mu.Unlock()
	available := now.Sub(b.at) * time.Duration(runtime.GOMAXPROCS(0))
	if !b.at.IsZero() && float64(used-b.used) > busyProcessor*float64(available) {
		pool = job.BottleneckProcessor
	}
	b.at, b.used = now, used
	b.samples = append(b.samples, pool)
	if len(b.samples) > sampleCount {
		b.samples = b.samples[1:]
	}
}

// now is the most frequent of the last samples, of two the later one.
func (b *bottlenecks) now() (most job.Bottleneck) {
	b.mu.Lock()
	defer b.mu.Unlock()
	counts := map[job.Bottleneck]int{}
	for _, sample := range b.samples {
		if counts[sample]++; counts[sample] >= counts[most] {
			most = sample
		}
	}
	return most
}

// processorTime is what this process has used so far.
func processorTime() time.Duration {
	var usage syscall.Rusage
	if syscall.Getrusage(syscall.RUSAGE_SELF, &usage) != nil {
		return 0
	}
	return time.Duration(usage.Utime.Nano() + usage.Stime.Nano())
}
