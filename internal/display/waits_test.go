package display

import (
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"longhaul/job"
)

func TestCountdowns(t *testing.T) {
	t.Parallel()
	w := job.Wait{Reason: job.WaitOutage, Since: began, Until: at(192), Last: "http 503"}
	require.Equal(t, "the API is down (http 503), for 3 min now: next try in 12 s", waitText(&w, at(180)))
	require.Equal(t, "the API is down (http 503), for 3 min now: trying now", waitText(&w, at(192)))
	w = job.Wait{Reason: job.WaitThrottled, Until: at(2)}
	require.Equal(t, "throttled by the API: goes on in 2 s", waitText(&w, began))
	require.Equal(t, "throttled by the API: going on now", waitText(&w, at(3)))
	require.Equal(t, "throttled by the API: goes on at "+at(2).Local().Format(time.TimeOnly), waitLine(&w))
	require.Equal(t, "the API is down: trying now", waitText(&job.Wait{Reason: job.WaitOutage}, began))
}
