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
	report := func(b *testing.B) {
		b.ReportMetric(b.Elapsed().Seconds()/float64(b.N)/limit.Seconds(), "x-limit")
	}
	b.Run("longhaul", func(b *testing.B) {
		queue, _ := worker(b, b.TempDir())
		finish(b, queue, sleepJob(1)) // the worker is there
		for b.Loop() {
			finish(b, queue, sleepJob(records))
		}
		report(b)
	})
	b.Run("bare-go-loop", func(b *testing.B) {
		for b.Loop() {
			bareLoop(records)
		}
		report(b)
	})
	b.Run("xargs", func(b *testing.B) {
		for b.Loop() {
			out, err := exec.Command("sh", "-c", "seq 10000 | xargs -P 200 -n 1 sh -c 'exec sleep 0.1'").CombinedOutput()
			require.NoError(b, err, string(out))
		}
		report(b)
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
	for b.Loop() {
		finish(b, queue, wide(records))
	}
	b.ReportMetric(records*float64(b.N)/b.Elapsed().Seconds(), "records/s")
}
