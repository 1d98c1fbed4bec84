package bench

import (
	"testing"
)

// A rate of 500 over two workers: 10,000 records need 20.0 s. That no second holds more starts
// is tested in e2e.
func BenchmarkRate(b *testing.B) {
	const records, rate = 10_000, 500
	root := b.TempDir()
	queue, _ := worker(b, root)
	workerOn(b, root, queue)
	finish(b, queue, sleepJob(1))
	for b.Loop() {
		spec := sleepJob(records)
		spec.Rate = rate
		finish(b, queue, spec)
	}
	b.ReportMetric(b.Elapsed().Seconds()/float64(b.N), "s")
	b.ReportMetric(b.Elapsed().Seconds()/float64(b.N)/(records/rate), "x-limit")
}
