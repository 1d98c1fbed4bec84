package bench

import (
	"bufio"
	"net"
	"net/http"
	"slices"
	"strconv"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"longhaul/internal/estimate"
	"longhaul/job"
)

// What a million records cost on Temporal Cloud, at chunks of 1,000: the server counts its
// actions. All times are a tenth of the default's (calls of 100 ms, pace, heartbeats), so that
// it takes a minute and not nine.
func BenchmarkActions(b *testing.B) {
	const records = 1_000_000
	queue, _ := worker(b, b.TempDir())
	finish(b, queue, sleepJob(1))
	spec := sleepJob(records)
	spec.Call.Sleep.Duration = job.Duration(latency / 10)
	spec.ChunkInterval /= 10
	spec.HeartbeatTimeout = job.Duration(time.Second)
	for b.Loop() {
		spec.Output.URI = newOutput()
		before := actions(b)
		finish(b, queue, spec)
		sum := int64(0)
		for kind, count := range actions(b) {
			count -= before[kind]
			b.ReportMetric(float64(count), kind)
			if isBilled(kind) {
				sum += count
			}
		}
		b.ReportMetric(float64(sum), "actions")
		figure{"Temporal actions of 1,000,000 records, chunks of 1,000", "actions", float64(sum), 1, "≤ 1,250"}.note()
		e := estimate.Of(estimate.Work{Spec: spec, Records: records, Latency: latency / 10})
		b.ReportMetric(float64(e.Actions.Sum()), "estimated-actions")
	}
}

// isBilled leaves out the markers of versions and their search attribute, which are free
// (https://docs.temporal.io/cloud/actions).
func isBilled(kind string) bool {
	return !slices.Contains([]string{"command_BatchMarkers", "command_UpsertWorkflowSearchAttributes"}, kind)
}

// actions are those that the server has counted, by their type.
func actions(b *testing.B) map[string]int64 {
	b.Helper()
	response, err := http.Get("http://127.0.0.1:" + strconv.Itoa(metricsPort) + "/metrics")
	require.NoError(b, err)
	defer response.Body.Close()
	counts := map[string]int64{}
	for lines := bufio.NewScanner(response.Body); lines.Scan(); {
		rest, ok := strings.CutPrefix(lines.Text(), `action{action_type="`)
		if !ok || !strings.Contains(rest, `namespace="default"`) {
			continue
		}
		kind, _, _ := strings.Cut(rest, `"`)
		count, err := strconv.ParseFloat(rest[strings.LastIndex(rest, " ")+1:], 64)
		require.NoError(b, err)
		counts[kind] += int64(count)
	}
	return counts
}

// freePort is a port of the loopback address that nobody uses.
func freePort() (int, error) {
	listener, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		return 0, err
	}
	return listener.Addr().(*net.TCPAddr).Port, listener.Close()
}
