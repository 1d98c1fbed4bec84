package display

import (
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"longhaul/internal/failures"
	"longhaul/internal/jobclient"
	"longhaul/job"
)

var began = time.Unix(1000, 0)

// after is a job's jobclient.Snapshot that many seconds in: 20 calls of 50 ms in flight.
func after(seconds int, done, inChunks int64) jobclient.Snapshot {
	s := jobclient.Snapshot{At: began.Add(time.Duration(seconds) * time.Second), Known: true, InChunks: inChunks}
	s.Phase, s.Records, s.Succeeded, s.Failed, s.Started = job.PhaseRunning, 10_000, done-2, 2, began
	s.Settings = job.DefaultSpec().Settings()
	s.Settings.Parallelism, s.Latency = 20, job.Latency{P50: 50, P95: 51, P99: 60}
	return s
}

func TestAGroupOfFailures(t *testing.T) {
	t.Parallel()
	g := failures.Group{Pattern: "postal code unknown", Failure: job.CallError{Kind: "http", Status: 422, Message: "postal code unknown"}, Count: 1412, First: 1031}
	require.Equal(t, `1,412 × http 422 "postal code unknown" (first: record 1031)`, groupLine(g))
	g.Pattern, g.Failure = "oh # stack", job.CallError{Kind: "panic", Message: "oh 7\nstack"}
	require.Equal(t, "1,412 × panic \"oh # stack\" (first: record 1031)\n      such as \"oh 7 stack\"", groupLine(g))
	g.Pattern = ""
	require.Equal(t, "1,412 × panic (first: record 1031)\n      such as \"oh 7 stack\"", groupLine(g))
}

func TestWithoutATerminalThereAreLines(t *testing.T) {
	t.Parallel()
	var b strings.Builder
	show := New(&b, Header{Job: "nightly", Output: "out", Worker: "longhaul-worker --task-queue q"})
	show.Update(jobclient.Snapshot{At: began, Known: true, Progress: job.Progress{Phase: job.PhaseIndexing}})
	running := after(1, 1000, 0)
	show.Update(running) // the state has changed
	running = after(3, 2000, 1000)
	show.Update(running) // nothing but numbers
	running.At = running.At.Add(4 * time.Second)
	show.Update(running)
	show.Update(running) // the same again
	down := after(20, 3000, 0)
	down.Phase = job.PhaseWaiting
	down.Wait = &job.Wait{Reason: job.WaitOutage, Since: began, Until: began.Add(21 * time.Second), Last: "http 503"}
	show.Update(down)
	down.Wait = &job.Wait{Reason: job.WaitOutage, Since: began, Until: began.Add(31 * time.Second), Last: "http 503"}
	down.At = began.Add(22 * time.Second)
	show.Update(down) // too soon
	down.At = began.Add(26 * time.Second)
	show.Update(down)
	gone := jobclient.Snapshot{At: began.Add(40 * time.Second), Queue: "q"}
	for range 5 {
		show.Update(gone)
	}
	clock := func(seconds int) string {
		return began.Add(time.Duration(seconds) * time.Second).Local().Format(time.TimeOnly)
	}
	require.Equal(t, "job nightly, output out\n"+
		"indexing\n"+
		"running: 1,000 of 10,000 records (10.0 %), 2 failed (0.2 %, 10 % tolerated)\n"+
		"running: 3,000 of 10,000 records (30.0 %), 400/s, about 20 s left, 2 failed (0.1 %, 10 % tolerated)\n"+
		"the API is down (http 503) since "+clock(0)+": next try at "+clock(21)+"\n"+
		"waiting for the API: 3,000 of 10,000 records (30.0 %), 2 failed (<0.1 %, 10 % tolerated)\n"+
		"the API is down (http 503) since "+clock(0)+": next try at "+clock(31)+"\n"+
		"no worker answers on task queue q: start one with longhaul-worker --task-queue q\n", b.String())
}

func TestLinesAreASCII(t *testing.T) {
	t.Parallel()
	var b strings.Builder
	show := New(&b, Header{})
	s := after(1, 1000, 0)
	s.Problem = "ProcessChunk, attempt 2: größer\x1b[2J"
	show.Update(s)
	require.Contains(t, b.String(), "ProcessChunk, attempt 2: gr??er?[2J\n")
}

func TestAFrameFitsAndShowsOnlyWhatIsKnown(t *testing.T) {
	t.Parallel()
	var f frame
	texts := func(width int) string {
		var b strings.Builder
		for _, l := range f.lines(f.now.At, width, style{unicode: true}) {
			b.WriteString(l.text + "\n")
		}
		return b.String()
	}
	require.Equal(t, "waiting for the first news of the job\n", texts(59))
	f.update(jobclient.Snapshot{At: began, Known: true, Progress: job.Progress{Phase: job.PhaseIndexing}})
	require.Equal(t, "indexing\n", texts(59))

	s := after(5, 1002, 998)
	s.Latency, s.Failed, s.Succeeded = job.Latency{}, 0, 1002
	s.Skipped = 500
	f.update(s)
	require.Equal(t, "▒▒████████░░░░░░░░░░░░░░░░░░░░░░░░░░░░░░░░░░░░░░░░░ 20.0 %\n"+
		"2,000 of 10,000 records\nrunning\n", texts(59), "no rate, no time, no latency, no failures")

	s = after(30, 1000, 1000)
	s.Skipped = 500
	s.Bottleneck, s.Settings.Rate, s.Rate, s.Latency.P99 = job.BottleneckRate, 1500, 0, 12_345
	s.Failed, s.Succeeded, s.Settings.MaxFailures = 120, 880, job.FailureLimit{Value: 1000}
	s.Failures = []job.FailureCount{{Kind: "http", Status: 503, Count: 118}, {Kind: "timeout", Count: 2}}
	s.Wait = &job.Wait{Reason: job.WaitThrottled, Until: s.At.Add(1500 * time.Millisecond)}
	f.update(s)
	require.Equal(t, "▒▒████████░░░░░░░░░░░░░░░░░░░░░░░░░░░░░░░░░░░░░░░░░ 20.0 %\n"+
		"2,000 of 10,000 records · 50/s · about 3 min left\n"+
		"running · limited by rate 1500\n"+
		"throttled by the API: goes on in 2 s\n"+
		"120 failed of 1,000 tolerated\n"+
		"  118 × http 503\n  2 × timeout\n"+
		"latency p50 50 ms, p95 51 ms, p99 12.3 s\n", texts(59))
	for width := 1; width < 70; width++ {
		for _, l := range f.lines(s.At, width, style{}) {
			require.LessOrEqual(t, len([]rune(l.text)), width)
		}
	}

	f.end(job.Summary{Records: 10_000, Totals: job.Totals{Succeeded: 9_880, Failed: 120}}, true)
	require.Equal(t, "▒▒█████████████████████████████████████████████████ 100 %\n"+
		"10,000 of 10,000 records\nfinished\n"+
		"120 failed of 1,000 tolerated\n"+
		"  118 × http 503\n  2 × timeout\n"+
		"latency p50 50 ms, p95 51 ms, p99 12.3 s\n", texts(59))
}

func TestAFrameSaysThatNoWorkerAnswers(t *testing.T) {
	t.Parallel()
	f := frame{header: Header{Worker: "longhaul-worker --task-queue q --address localhost:7233"}}
	f.update(after(1, 100, 0))
	f.update(jobclient.Snapshot{Queue: "q"})
	require.NotContains(t, f.lines(began, 59, style{}), line{"no worker answers on task queue q: start one with", yellow})
	f.update(jobclient.Snapshot{Queue: "q"})
	lines := f.lines(began, 59, style{})
	require.Contains(t, lines, line{"no worker answers on task queue q: start one with", yellow})
	require.Contains(t, lines, line{"longhaul-worker --task-queue q --address localhost:7233", yellow})
	f.update(after(2, 100, 0))
	require.Len(t, f.lines(began, 59, style{}), len(lines)-2)
}

// A terminal that got narrower has broken the lines: all their rows are replaced.
func TestAPainterReplacesWhatItDrew(t *testing.T) {
	t.Parallel()
	var b strings.Builder
	p := painter{w: &b}
	lines := []line{{strings.Repeat("x", 100), ""}, {"short", red}, {"", ""}}
	p.paint(lines, size{120, 24}, true, false)
	require.NotContains(t, b.String(), "A", "there is nothing above that is ours")
	require.Contains(t, b.String(), red+"short"+noColors+eraseRight+"\r\n")
	b.Reset()
	p.paint(lines, size{120, 24}, true, false)
	require.Empty(t, b.String(), "nothing new")
	p.paint(lines, size{40, 24}, true, false)
	require.Contains(t, b.String(), "\r\x1b[5A")
	require.Contains(t, b.String(), eraseBelow)
}

func TestWhatATerminalCanShow(t *testing.T) {
	t.Parallel()
	for _, c := range []struct {
		env  map[string]string
		want style
	}{
		{map[string]string{}, style{color: true}},
		{map[string]string{"LANG": "de_DE.UTF-8"}, style{true, true}},
		{map[string]string{"LANG": "de_DE.UTF-8", "LC_ALL": "C"}, style{true, false}},
		{map[string]string{"LC_CTYPE": "C.utf8", "NO_COLOR": "1"}, style{false, true}},
	} {
		require.Equal(t, c.want, styleFrom(func(name string) string { return c.env[name] }), c.env)
	}
}

func TestWhatTheWorkersHaveFoundIsTheLimit(t *testing.T) {
	t.Parallel()
	s := after(5, 1000, 0)
	s.Settings.Parallelism, s.Settings.MinParallelism, s.Bottleneck = 1000, 4, job.BottleneckParallelism
	require.Equal(t, "limited by parallelism 4 to 1,000", limitText(s), "nothing is known yet")
	s.Concurrency = []job.Concurrency{{Pool: "a", Calls: 200, Reason: job.ConcurrencyLatency}, {Pool: "b", Calls: 190, Reason: job.ConcurrencyLatency}}
	s.Bottleneck = job.BottleneckAPI
	require.Equal(t, "390 of 4 to 1,000 calls at once, with more the API becomes slower", limitText(s))
	require.InDelta(t, 390/0.05, possible(s), 1)
	s.Bottleneck = job.BottleneckInterval
	require.Equal(t, "limited by chunk_interval", limitText(s), "calls at once are not what limits it")
}
