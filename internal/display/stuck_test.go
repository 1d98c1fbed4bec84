package display

import (
	"bytes"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/require"
	enumspb "go.temporal.io/api/enums/v1"

	"longhaul/internal/jobclient"
	"longhaul/job"
)

func stuckAt(s jobclient.Snapshot) jobclient.Snapshot {
	s.Stuck = &job.StuckCalls{Count: 1, Record: 17, Since: began, Timeout: job.Duration(30 * time.Second)}
	return s
}

func TestStuckCallsInWords(t *testing.T) {
	t.Parallel()
	require.Empty(t, stuckText(nil, began))
	require.Empty(t, stuckLine(nil))
	s := stuckAt(jobclient.Snapshot{}).Stuck
	require.Equal(t, "1 call is stuck: record 17 has not returned for 45 s (call.func.timeout is 30s)", stuckText(s, at(45)))
	s.Count = 1200
	require.Equal(t, "1,200 calls are stuck: record 17 has not returned for 3 min (call.func.timeout is 30s)", stuckText(s, at(180)))
	require.Equal(t, "1,200 calls are stuck: record 17 has not returned since "+began.Local().Format(time.TimeOnly)+" (call.func.timeout is 30s)", stuckLine(s))
}

func TestStuckCallsAreShown(t *testing.T) {
	t.Parallel()
	var f frame
	f.update(stuckAt(after(45, 500, 0)))
	texts := func() string {
		var all strings.Builder
		for _, l := range f.lines(at(45), 59, style{}) {
			all.WriteString(l.text + " ")
		}
		return all.String()
	}
	require.Contains(t, texts(), "1 call is stuck: record 17 has not returned for 45 s (call.func.timeout is 30s)")
	f.end(job.Summary{}, false)
	require.NotContains(t, texts(), "stuck")

	var out bytes.Buffer
	p := &plain{w: &out}
	p.Update(stuckAt(after(45, 500, 0)))
	p.Update(stuckAt(after(46, 501, 0)))
	require.Equal(t, 1, strings.Count(out.String(), "1 call is stuck: record 17 has not returned since "), "once")

	out.Reset()
	s := stuckAt(after(45, 500, 0))
	s.Status, s.Started = enumspb.WORKFLOW_EXECUTION_STATUS_RUNNING, time.Time{}
	Status(&out, "nightly", "", s)
	require.Contains(t, out.String(), "1 call is stuck: record 17 has not returned for ")
}
