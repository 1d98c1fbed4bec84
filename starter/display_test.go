package main

import (
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"longhaul/job"
)

// after is a job's snapshot that many seconds in.
func after(seconds int, done, inChunks int64) snapshot {
	s := snapshot{at: time.Unix(int64(1000+seconds), 0), known: true, inChunks: inChunks}
	s.Phase, s.Records, s.Succeeded, s.Failed = job.PhaseRunning, 10_000, done-2, 2
	return s
}

func TestPlainLines(t *testing.T) {
	t.Parallel()
	var b strings.Builder
	show := newDisplay(&b)
	show.update(snapshot{at: time.Unix(1000, 0), known: true, Progress: job.Progress{Phase: job.PhaseIndexing}})
	show.update(after(1, 1000, 0))
	show.update(after(2, 1500, 0))
	show.update(after(3, 2000, 1000))
	waiting := after(4, 3000, 0)
	waiting.trouble = "ProcessChunk, attempt 2: disk full"
	show.update(waiting)
	show.update(waiting)
	require.Equal(t, "indexing\n"+
		"running: 3,000 of 10,000 records (30.0%), 1,000/s, 2 failed, 7s left\n"+
		"ProcessChunk, attempt 2: disk full\n", b.String())
}

func TestAGroupOfFailures(t *testing.T) {
	t.Parallel()
	g := job.FailureGroup{Pattern: "postal code unknown", Failure: job.CallError{Kind: "http", Status: 422, Message: "postal code unknown"}, Count: 1412, First: 1031}
	require.Equal(t, `1,412 × http 422 "postal code unknown" (first: record 1031)`, groupLine(g))
	g.Pattern, g.Failure = "oh # stack", job.CallError{Kind: "panic", Message: "oh 7\nstack"}
	require.Equal(t, "1,412 × panic \"oh # stack\" (first: record 1031)\n      such as \"oh 7 stack\"", groupLine(g))
	g.Pattern = ""
	require.Equal(t, "1,412 × panic (first: record 1031)\n      such as \"oh 7 stack\"", groupLine(g))
}

func TestSpeedIsThatOfTheLastSeconds(t *testing.T) {
	t.Parallel()
	var v speed
	require.Equal(t, "0.0/s", v.rate())
	require.Equal(t, "?", v.left(after(0, 10, 0)))
	for second := range 100 {
		// A resumed job begins with thousands done: they are no speed.
		v.add(after(second, 5000+int64(second)*2, 0))
	}
	require.InDelta(t, 2, v.perSecond(), 0.01)
	require.Equal(t, "2.0/s", v.rate())
	v.add(snapshot{at: time.Unix(2000, 0)}) // no worker answered
	require.InDelta(t, 2, v.perSecond(), 0.01)
}

// Between two words from a chunk the bar goes on at the rate so far, but never back
// and not for ever.
func TestTheBarMovesBetweenHeartbeats(t *testing.T) {
	t.Parallel()
	var v speed
	shown := make([]int64, 0, 40)
	for second := range 40 {
		s := after(second, 1000+int64(min(second, 20))/5*500, 0) // news every 5 s, then none
		v.add(s)
		shown = append(shown, v.estimate(s))
	}
	for i := 6; i < 20; i++ {
		require.Greater(t, shown[i], shown[i-1], "second %d", i)
	}
	require.GreaterOrEqual(t, shown[39], shown[20])
	require.LessOrEqual(t, shown[39], int64(3000+11*100))
	paused := after(40, 3000, 0)
	paused.Phase = job.PhasePaused
	require.Equal(t, shown[39], v.estimate(paused))
}

func TestTheLinesBelowTheBar(t *testing.T) {
	t.Parallel()
	show := newBar(&strings.Builder{})
	require.Empty(t, show.below())
	s := after(1, 1000, 0)
	s.Limit, s.Settings.Parallelism, s.Settings.Rate = job.LimitRate, 20, 5
	s.Latency = job.Latency{P50: 100, P95: 200, P99: 300.4}
	s.Failures = []job.FailureCount{{Kind: "http", Status: 503, Count: 1200}, {Kind: "timeout", Count: 2}}
	s.trouble = "waiting for the API"
	show.update(s)
	require.Equal(t, "running, limited by rate; p50 100 ms, p95 200 ms, p99 300 ms; parallelism 20, rate 5\n"+
		"  1,200 × http 503\n  2 × timeout\nwaiting for the API\n", show.below())
	show.end(job.Summary{}, false)
}

func TestABarIsDrawnAndEnds(t *testing.T) {
	t.Parallel()
	var b strings.Builder
	show := newBar(&b)
	show.update(after(1, 1000, 0))
	show.update(after(2, 2000, 0))
	require.Equal(t, "2,000 / 10,000 ", show.counts())
	require.Equal(t, " 1,000/s, 2 failed, 8s left", show.figures())
	show.end(job.Summary{Records: 10_000, Totals: job.Totals{Succeeded: 10_000}}, true)
	require.Equal(t, "10,000 / 10,000 ", show.counts())

	aborted := newBar(&b)
	aborted.update(after(1, 1000, 0))
	aborted.end(job.Summary{}, false)
}
