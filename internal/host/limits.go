package host

import (
	"runtime"
	"sync"
	"syscall"
	"time"

	"longhaul/job"
)

// busyProcessor is the part of the processor's time from which on it is the limit.
const busyProcessor = 0.9

// limits remembers what limited a pool in the last seconds.
type limits struct {
	mu      sync.Mutex
	samples []job.Limit
	// at and used are those of the last sample.
	at   time.Time
	used time.Duration
}

// sampleCount is how many seconds are looked back.
const sampleCount = 10

// sample is called once a second with what the pool says.
func (l *limits) sample(pool job.Limit) {
	now, used := time.Now(), processorTime()
	l.mu.Lock()
	defer l.mu.Unlock()
	available := now.Sub(l.at) * time.Duration(runtime.GOMAXPROCS(0))
	if !l.at.IsZero() && float64(used-l.used) > busyProcessor*float64(available) {
		pool = job.LimitProcessor
	}
	l.at, l.used = now, used
	l.samples = append(l.samples, pool)
	if len(l.samples) > sampleCount {
		l.samples = l.samples[1:]
	}
}

// now is the most frequent of the last samples, of two the later one.
func (l *limits) now() (most job.Limit) {
	l.mu.Lock()
	defer l.mu.Unlock()
	counts := map[job.Limit]int{}
	for _, sample := range l.samples {
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
