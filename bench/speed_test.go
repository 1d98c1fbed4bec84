package bench

import (
	"os/exec"
	"sync"
	"testing"
	"time"

	"github.com/stretchr/testify/require"
)

const (
	latency     = 100 * time.Millisecond
	parallelism = 200
)

// The origin's workload, 10,000 × 100 ms at 200: 5.0 s is the limit. The metric
// is how many times the limit each way takes.
func BenchmarkOrigin(b *testing.B) {
	const records = 10_000
	limit := records / parallelism * latency
	timed := func(run func()) func() float64 {
		return func() float64 {
			began := time.Now()
			run()
			return time.Since(began).Seconds() / limit.Seconds()
		}
	}
	b.Run("longhaul", func(b *testing.B) {
		queue, _ := worker(b, b.TempDir())
		finish(b, queue, sleepJob(1)) // the worker is there
		measured(b, figure{name: "origin: 10,000 × 100 ms, parallelism 200, default spec", unit: "× 5.0 s", goal: "≤ 1.05"}, rounds,
			timed(func() { finish(b, queue, sleepJob(records)) }))
	})
	b.Run("bare-go-loop", func(b *testing.B) {
		measured(b, figure{name: "the same as a loop in Go that keeps nothing", unit: "× 5.0 s"}, rounds, timed(func() { bareLoop(records) }))
	})
	b.Run("xargs", func(b *testing.B) {
		measured(b, figure{name: "the same by xargs -P 200 sleep 0.1", unit: "× 5.0 s"}, 1, timed(func() {
			out, err := exec.Command("sh", "-c", "seq 10000 | xargs -P 200 -n 1 sh -c 'exec sleep 0.1'").CombinedOutput()
			require.NoError(b, err, string(out))
		}))
	})
}

// bareLoop keeps nothing, resumes nothing: what the machine can do.
func bareLoop(records int) {
	slots := make(chan struct{}, parallelism)
	var calls sync.WaitGroup
	for range records {
		slots <- struct{}{}
		calls.Go(func() {
			<-time.After(latency)
			<-slots
		})
	}
	calls.Wait()
}

// What one worker can carry: records per second at a parallelism that is no
// limit.
func BenchmarkThroughput(b *testing.B) {
	const records = 1_000_000
	queue, _ := worker(b, b.TempDir())
	measured(b, figure{name: "1,000,000 × 10 ms, parallelism 2,000", unit: "records/s"}, rounds, func() float64 {
		began := time.Now()
		finish(b, queue, wide(records))
		return records / time.Since(began).Seconds()
	})
}
