package bench

import (
	"testing"

	"longhaul/job"
)

// A heavy tail: one record of a hundred takes 3 s, the others 100 ms. The limit is the sum of
// all calls over the parallelism; the last slow call comes on top.
func BenchmarkHeavyTail(b *testing.B) {
	for _, c := range []struct {
		name    string
		records int64
		// limit is the sum for the records that slowapi makes slow: 210, and 1,972.
		limit float64
	}{
		{"20000", 20_000, 13.045}, {"200000", 200_000, 128.594},
	} {
		b.Run(c.name, func(b *testing.B) {
			url := api(b, "-slow", "0.01")
			queue, _ := worker(b, b.TempDir())
			call := job.DefaultHTTPSpec()
			call.URL = url + "/{{.}}"
			spec := job.DefaultSpec()
			spec.Input.Count, spec.Call.HTTP = &c.records, &call
			for b.Loop() {
				spec.Output.URI = newOutput()
				finish(b, queue, spec)
			}
			seconds := b.Elapsed().Seconds() / float64(b.N)
			b.ReportMetric(seconds, "s")
			b.ReportMetric(seconds/c.limit, "x-limit")
		})
	}
}
