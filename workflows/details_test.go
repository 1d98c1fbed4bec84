package workflows

import (
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"longhaul/job"
)

func TestDetails(t *testing.T) {
	t.Parallel()
	settings := job.DefaultSpec().Settings()
	settings.Rate = 500
	require.Equal(t, `| | |
|---|---|
| state | **running** |
| records | 1,250,000 of 15,000,000 (8.3 %) |
| failed | 12,500 (1.0 %), 10 % tolerated |
|  | 12,300 × http 503 |
|  | 200 × timeout |
| rate | 1,235 records/s |
| latency | p50 98 ms, p95 1,234 ms, p99 2,000 ms |
| time left | about 3 h |
| limited by | rate |
| settings | parallelism 200, chunk_interval 500ms, rate 500, max_failures 10% |
| last error | two lines |
| output | a\|b |

`+"\u00a0\n", details(job.Progress{
		Phase: job.PhaseRunning, Records: 15_000_000, Totals: job.Totals{Succeeded: 1_237_500, Failed: 12_500}, Output: "a|b",
		Failures: []job.FailureCount{{Kind: "http", Status: 503, Count: 12_300}, {Kind: "timeout", Count: 200}},
		TimeLeft: &job.TimeLeft{From: job.Duration(time.Minute), To: job.Duration(time.Hour)}, Rate: 1234.6,
		Latency:    job.Latency{P50: 98.4, P95: 1234, P99: 2000},
		Bottleneck: job.BottleneckRate, LastError: "two\nlines", Settings: settings,
	}))
}

func TestDetailsOfWhatIsNotKnown(t *testing.T) {
	t.Parallel()
	text := details(job.Progress{Phase: job.PhaseIndexing, Output: "out", Settings: job.DefaultSpec().Settings()})
	for _, row := range []string{"records", "failed", "rate", "latency", "time left", "limited by", "last error", "waits"} {
		require.NotContains(t, text, "| "+row+" |")
	}
	require.True(t, strings.HasSuffix(text, "\n\u00a0\n"))
}

func TestDetailsOfWaits(t *testing.T) {
	t.Parallel()
	at := func(second int) time.Time { return time.Date(2026, 2, 10, 12, 4, second, 0, time.UTC) }
	text := details(job.Progress{Phase: job.PhaseWaiting, Waits: []job.Wait{
		{Reason: job.WaitOutage, Since: at(1), Until: at(31), Last: "http 503"}, {Reason: job.WaitThrottled, Until: at(9)},
	}})
	require.Contains(t, text, "| waits | the API is down (http 503) since 12:04:01, next call at 12:04:31 UTC |\n")
	require.Contains(t, text, "| waits | throttled by the API, next call at 12:04:09 UTC |\n")
}

func TestDetailsOfStuckCalls(t *testing.T) {
	t.Parallel()
	stuck := job.StuckCalls{Count: 1, Record: 17, Since: time.Date(2026, 2, 10, 12, 4, 1, 0, time.UTC), Timeout: job.Duration(30 * time.Second)}
	require.Contains(t, details(job.Progress{Stuck: &stuck}), "| stuck | 1 call: record 17 has not returned since 12:04:01 UTC (call.func.timeout is 30s) |\n")
	stuck.Count = 1200
	require.Contains(t, details(job.Progress{Stuck: &stuck}), "| stuck | 1,200 calls: record 17 ")
	require.NotContains(t, details(job.Progress{}), "stuck")
}

func TestTimeLeftInDetails(t *testing.T) {
	t.Parallel()
	for left, text := range map[int64]string{
		30: "less than a minute", 200: "about 3 min", 6000: "about 1.5 h", 20 * 3600: "about 20 h", 100 * 3600: "about 4 days",
	} {
		require.Equal(t, text, leftRow(job.Progress{Records: left, Rate: 1, TimeLeft: &job.TimeLeft{}}))
	}
	require.Equal(t, []string{"0", "999", "1,000", "-1,234,567"}, []string{thousands(0), thousands(999), thousands(1000), thousands(-1_234_567)})
}
