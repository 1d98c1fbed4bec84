package session

import (
	"bytes"
	"log/slog"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"longhaul/job"
)

func TestWhatIsNewsToTheWorkflow(t *testing.T) {
	t.Parallel()
	stuck := func(record int64) job.Notice { return job.Notice{Stuck: &job.StuckCalls{Count: 1, Record: record}} }
	waiting := job.Notice{Waiting: "the API is down"}
	for name, c := range map[string]struct {
		before, now job.Notice
		since       time.Duration
		news        bool
	}{
		"nothing":            {job.Notice{}, job.Notice{}, time.Hour, false},
		"a wait":             {job.Notice{}, waiting, 0, true},
		"the same wait":      {waiting, job.Notice{Waiting: "still"}, time.Hour, false},
		"the wait's end":     {waiting, job.Notice{}, 0, true},
		"a call":             {job.Notice{}, stuck(1), 0, true},
		"the same call":      {stuck(1), stuck(1), time.Hour, false},
		"another call, soon": {stuck(1), stuck(2), stuckInterval - 1, false},
		"another call":       {stuck(1), stuck(2), stuckInterval, true},
		"the call's end":     {stuck(1), job.Notice{}, 0, true},
	} {
		require.Equal(t, c.news, isNews(c.before, c.now, c.since), name)
	}
}

func TestShortThrottlesAreNoNews(t *testing.T) {
	t.Parallel()
	now := time.Now()
	require.False(t, isLong(nil))
	require.False(t, isLong(&job.Wait{Reason: job.WaitThrottled, Since: now, Until: now.Add(longThrottle - 1)}))
	require.True(t, isLong(&job.Wait{Reason: job.WaitThrottled, Since: now, Until: now.Add(longThrottle)}))
	require.True(t, isLong(&job.Wait{Reason: job.WaitOutage, Since: now, Until: now}))
}

func TestOnlyFunctionsMayBeStuck(t *testing.T) {
	t.Parallel()
	require.Zero(t, ownTimeout(job.CallSpec{HTTP: &job.HTTPSpec{Timeout: job.Duration(time.Second)}}))
	require.Equal(t, time.Second, ownTimeout(job.CallSpec{Func: &job.FuncSpec{Timeout: job.Duration(time.Second)}}))
}

func TestAStuckCallIsLogged(t *testing.T) {
	t.Parallel()
	var log bytes.Buffer
	s := &Session{logger: slog.New(slog.NewTextHandler(&log, nil)).With("job_id", "J")}
	s.Manifest.Spec.Call.Func = &job.FuncSpec{Name: "f", Timeout: job.Duration(30 * time.Second)}
	s.logStuck(17, time.Now().Add(-31*time.Second), false)
	require.Regexp(t, `level=WARN msg="call is stuck: .*" job_id=J record=17 for=31\.?[0-9]*s timeout=30s\n`, log.String())
	log.Reset()
	s.logStuck(17, time.Now().Add(-45*time.Second), true)
	require.Regexp(t, `level=INFO msg="the call that was stuck has returned" job_id=J record=17 for=45\.?[0-9]*s timeout=30s\n`, log.String())
}
