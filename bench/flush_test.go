package bench

import (
	"context"
	"encoding/json"
	"math/rand/v2"
	"os"
	"slices"
	"strconv"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"longhaul/internal/output"
	"longhaul/internal/output/outputtest"
	"longhaul/job"
)

// A batch of a million small answers, of chunks of 10,000 that were answered 2,000 at a time.
func BenchmarkFlush(b *testing.B) {
	const records, chunk, inFlight = 1_000_000, 10_000, 2_000
	for b.Loop() {
		b.StopTimer()
		folder := output.NewFolder(outputtest.Folder(b, b.TempDir()))
		folder = folder.Under(outputtest.Claim(b, folder.Claims))
		batch := job.Batch{Range: job.Range{Last: records}}
		for first := int64(0); first < records; first += chunk {
			results := make([]job.Result, chunk)
			for i := range results {
				index := first + int64(i)
				results[i] = job.Result{
					Record: job.Record{Index: index, Value: strconv.AppendInt(nil, index, 10)}, Attempts: 1, Latency: 100 * time.Millisecond,
					Answer: job.Answer{Output: json.RawMessage(`{"letters":7,"name":"U+1605"}`), Status: 200},
				}
			}
			for at := range slices.Chunk(results, inFlight) {
				rand.Shuffle(len(at), func(i, j int) { at[i], at[j] = at[j], at[i] })
			}
			batch.Journals = append(batch.Journals, outputtest.Write(b, folder.Journals, job.Range{First: first, Last: first + chunk}, 1, results...))
		}
		resetPeak(b)
		before := peakMemory(b, os.Getpid())
		b.StartTimer()
		flushed, err := folder.Flush(context.Background(), batch)
		b.StopTimer()
		require.NoError(b, err)
		require.EqualValues(b, records, flushed.Succeeded)
		grown := peakMemory(b, os.Getpid()) - before
		b.ReportMetric(grown, "grown-MiB")
		figure{"flush of 1,000,000 small answers: memory", "MiB", grown, 1, "≤ 32 MB"}.note()
		b.StartTimer()
	}
	speed := records * float64(b.N) / b.Elapsed().Seconds()
	b.ReportMetric(speed, "rows/s")
	figure{"flush of 1,000,000 small answers", "rows/s", speed, b.N, "≥ 1,000,000"}.note()
}

// resetPeak has the kernel count the peak from now on, with what is in use now.
func resetPeak(b *testing.B) {
	b.Helper()
	require.NoError(b, os.WriteFile("/proc/self/clear_refs", []byte("5"), 0))
}
