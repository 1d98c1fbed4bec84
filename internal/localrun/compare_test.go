package localrun

import (
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"longhaul/job"
)

func TestWhatDiffersFromARunningJob(t *testing.T) {
	t.Parallel()
	running := job.DefaultSpec()
	call := job.DefaultHTTPSpec()
	call.Headers = map[string]string{"Authorization": "Bearer secret"}
	running.Call.HTTP = &call
	require.True(t, compare(running, running.Settings(), running).none())

	spec := running
	spec.ChunkInterval = job.Duration(time.Second) // batch_interval follows it
	spec.Rate = 2.5
	spec.HeartbeatTimeout = job.Duration(time.Minute)
	changed := call
	changed.Headers = map[string]string{"Authorization": "Bearer other"}
	spec.Call.HTTP = &changed
	d := compare(running, running.Settings(), spec)
	require.Equal(t, "\n  chunk_interval: 500ms → 1s\n  rate: 0 → 2.5", lines(d.tunable))
	require.Equal(t, "\n  call.http.headers.Authorization: (hidden) → (hidden)\n  heartbeat_timeout: 10s → 1m0s", lines(d.others))
	require.Equal(t, "longhaul tune 'my out' --chunk-interval 1s --rate 2.5", d.command("my out"))
	require.Equal(t, job.Tuning{ChunkInterval: &spec.ChunkInterval, Rate: &spec.Rate}, d.tuning)

	// What counts is what is in force.
	tuned := running.Settings()
	tuned.Parallelism = 50
	require.Equal(t, "\n  parallelism: 50 → 200", lines(compare(running, tuned, running).tunable))
}
