package bench

import (
	"fmt"
	"os"
	"strconv"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"longhaul/job"
)

// wide is a job whose parallelism is not what limits it.
func wide(records int64) job.Spec {
	spec := sleepJob(records)
	spec.Parallelism, spec.ChunkSize, spec.ChunkInterval = 2_000, 10_000, 0
	spec.Call.Sleep.Duration = job.Duration(10 * time.Millisecond)
	return spec
}

// A worker's peak memory must not grow with the number of records, flush
// included. Each size has a fresh worker.
func BenchmarkMemory(b *testing.B) {
	for _, records := range []int64{200_000, 2_000_000} {
		b.Run(fmt.Sprintf("records=%d", records), func(b *testing.B) {
			measured(b, figure{name: fmt.Sprintf("worker's peak memory, %d records", records), unit: "MiB"}, 1, func() float64 {
				queue, process := worker(b, b.TempDir())
				finish(b, queue, wide(records))
				return peakMemory(b, process.Pid)
			})
		})
	}
}

// peakMemory is the kernel's high-water mark of the resident set.
func peakMemory(b *testing.B, pid int) float64 {
	b.Helper()
	status, err := os.ReadFile(fmt.Sprintf("/proc/%d/status", pid))
	require.NoError(b, err)
	for line := range strings.Lines(string(status)) {
		if rest, ok := strings.CutPrefix(line, "VmHWM:"); ok {
			kib, err := strconv.ParseFloat(strings.Fields(rest)[0], 64)
			require.NoError(b, err)
			return kib / 1024
		}
	}
	require.FailNow(b, "no VmHWM")
	return 0
}
