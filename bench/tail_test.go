package bench

import (
	"testing"
	"time"

	"longhaul/job"
)

// A heavy tail: one record of a hundred takes 3 s, the others 100 ms. The limit is the sum of
// all calls over the parallelism; the last slow call comes on top.
func BenchmarkHeavyTail(b *testing.B) {
	for _, c := range []struct {
		name    string
		records int64
		rounds  int
		goal    string
	}{
		// What slowapi makes slow, 210 and 1,972 records, sums up to 13.0 and 128.6 s.
		{"20000", 20_000, rounds, "≤ 16 with 200 slow records, a sum of 12.9 s"}, {"200000", 200_000, 1, "≤ 133"},
	} {
		b.Run(c.name, func(b *testing.B) {
			url := api(b, "-slow", "0.01")
			queue, _ := worker(b, b.TempDir())
			call := job.DefaultHTTPSpec()
			call.URL = url + "/{{.}}"
			spec := job.DefaultSpec()
			spec.Input.Count, spec.Call.HTTP = &c.records, &call
			measured(b, figure{name: "heavy tail, " + c.name + " records", unit: "s", goal: c.goal}, c.rounds, func() float64 {
				spec.Output.URI = newOutput()
				began := time.Now()
				finish(b, queue, spec)
				return time.Since(began).Seconds()
			})
		})
	}
}
