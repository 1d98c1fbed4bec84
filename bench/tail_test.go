package bench

import (
	"testing"

	"longhaul/job"

	"github.com/stretchr/testify/require"
)

// A heavy tail: one record of a hundred takes 3 s, the others 100 ms. The limit is the sum of
// all calls over the parallelism; the last slow call comes on top.
func BenchmarkHeavyTail(b *testing.B) {
	for name, records := range map[string]int64{"20000": 20_000, "200000": 200_000} {
		b.Run(name, func(b *testing.B) {
			url := api(b, "-slow", "0.01")
			queue, _ := worker(b, b.TempDir())
			call := job.DefaultHTTPSpec()
			call.URL = url + "/{{.}}"
			spec := job.DefaultSpec()
			spec.Input.Count, spec.Call.HTTP = &records, &call
			for b.Loop() {
				spec.Output.URI = "out-" + b.Name()
				finish(b, queue, spec)
			}
			require.Positive(b, records)
			b.ReportMetric(b.Elapsed().Seconds()/float64(b.N), "s")
		})
	}
}
