package bench

import (
	"testing"
	"time"
)

// A rate of 500 over two workers: 10,000 records need 20.0 s. That no second holds more starts
// is tested in e2e.
func BenchmarkRate(b *testing.B) {
	const records, rate = 10_000, 500
	root := b.TempDir()
	queue, _ := worker(b, root)
	workerOn(b, root, queue)
	finish(b, queue, sleepJob(1))
	spec := sleepJob(records)
	spec.Rate = rate
	measured(b, figure{name: "rate 500, two workers, 10,000 records", unit: "s", goal: "≤ 20.8"}, rounds, func() float64 {
		spec.Output.URI = newOutput()
		began := time.Now()
		finish(b, queue, spec)
		return time.Since(began).Seconds()
	})
}
