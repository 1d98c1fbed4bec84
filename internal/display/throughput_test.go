package display

import (
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"longhaul/internal/jobclient"
	"longhaul/job"
)

func inFlight(s jobclient.Snapshot, chunks ...jobclient.RunningChunk) jobclient.Snapshot {
	s.Chunks = chunks
	for _, c := range chunks {
		s.InChunks += c.Done
	}
	return s
}

// chunk is one that started and told at these seconds.
func chunk(started, told int, done int64) jobclient.RunningChunk {
	return jobclient.RunningChunk{Count: jobclient.Count{At: at(told), Done: done}, Started: at(started)}
}

func at(seconds int) time.Time { return began.Add(time.Duration(seconds) * time.Second) }

// A job that is started again counts what was done before within its first
// seconds. That is no Throughput.
func TestTheRateIsNeverMoreThanCallsAllow(t *testing.T) {
	t.Parallel()
	var v Throughput
	s := after(4, 3456, 0)
	s.Rate = 1
	v.counts = []jobclient.Count{{At: began}, {At: at(4)}, {At: at(5), Done: 4320}}
	require.InDelta(t, 400, v.PerSecond(s), 1e-9, "20 calls of 50 ms")
	s.Latency = job.Latency{}
	require.Zero(t, v.PerSecond(s), "nobody knows yet")
	require.Zero(t, v.TimeLeft(s))
	s.Latency, s.At = job.Latency{P50: 50}, at(120)
	require.InDelta(t, 864, v.PerSecond(s), 1e-9, "later calls may have become faster")
}

// One look at a job that runs for long tells what its chunks do.
func TestTheRateAtFirstSight(t *testing.T) {
	t.Parallel()
	var v Throughput
	s := inFlight(after(1000, 5000, 0), chunk(895, 995, 100), chunk(898, 998, 300))
	s.Rate = 16 // a chunk that took an hour has ended in this minute
	v.Add(s)
	require.InDelta(t, 4, v.PerSecond(s), 1e-9)
	require.Equal(t, 1150*time.Second, v.TimeLeft(s).Round(time.Second))
	s.Chunks[0].Retried = true
	require.InDelta(t, 16, v.PerSecond(s), 1e-9, "half of the chunks tell nothing")
	s.Chunks = []jobclient.RunningChunk{chunk(999, 999, 0)}
	s.Rate = 7
	require.InDelta(t, 7, v.PerSecond(s), 1e-9, "short chunks")
	s.Phase = job.PhasePaused
	require.Zero(t, v.PerSecond(s))
}

// Chunks tell seldom, and all at the same time. In between the rate is the same.
func TestTheRateBetweenCounts(t *testing.T) {
	t.Parallel()
	var v Throughput
	s := inFlight(after(2, 2, 0), chunk(2, 2, 0), chunk(2, 2, 0))
	s.Succeeded, s.Failed = 0, 0
	v.Add(s) // it begins
	for second := 3; second < 100; second++ {
		round := (second - 2) / 12 * 12 // a chunk takes 12 s, the heartbeat comes after 8
		s = inFlight(after(second, int64(round)*200, 0), chunk(2+round, 2+round, 0), chunk(2+round, 2+round, 0))
		if told := second - 2 - round; told >= 8 {
			s = inFlight(after(second, int64(round)*200, 0), chunk(2+round, 10+round, 800), chunk(2+round, 10+round, 800))
		}
		s.Records, s.Rate = 1_000_000, 99 // by chunks that have ended
		v.Add(s)
		if second >= 10 {
			require.InDelta(t, 200, v.PerSecond(s), 1, "second %d", second)
		}
	}
	// Nothing more comes: the rate goes down.
	for second := 100; second < 200; second++ {
		s.At, s.Chunks = at(second), nil
		v.Add(s)
	}
	require.Zero(t, v.PerSecond(s))
}

// watch begins in the middle of a job's first minute.
func TestTheRateOfAYoungJob(t *testing.T) {
	t.Parallel()
	var v Throughput
	s := inFlight(after(30, 3000, 0), chunk(20, 28, 1480))
	s.Skipped = 1000
	v.Add(s)
	require.InDelta(t, (1480+2000)/28.0, v.PerSecond(s), 0.1)
}

// status looks once, watch again and again; at its first look it says the same.
func TestStatusAndWatchSayTheSame(t *testing.T) {
	t.Parallel()
	s := inFlight(after(1000, 5000, 0), chunk(895, 995, 100))
	var v Throughput
	v.Add(s)
	var f frame
	f.update(s)
	require.Contains(t, ProgressLine(s, &v), "1.0/s, about 82 min left")
	require.Contains(t, f.lines(s.At, 80, style{}), line{"5,100 of 10,000 records, 1.0/s, about 82 min left", ""})
}

func TestTheCountNeverGoesBack(t *testing.T) {
	t.Parallel()
	var v Throughput
	v.Add(after(1, 1000, 500))
	require.EqualValues(t, 1500, v.Done(after(2, 1000, 100)))
}

func TestTheLastMinuteAsACurve(t *testing.T) {
	t.Parallel()
	var k sparkline
	k.add(began, 0, 0)
	require.Empty(t, k.String())
	k.add(at(3), 100_000, 0) // found, not called
	k.add(at(6), 100_300, 100)
	k.add(at(9), 100_600, 100)
	require.Empty(t, k.String(), "too little")
	k.add(at(12), 200_000, 100) // found, too
	k.add(at(13), 200_030, 100) // goes on
	k.add(at(15), 200_150, 100)
	k.add(at(21), 200_150, 100) // nothing
	require.Equal(t, "███▅▁▁", k.String())
	for i := range 100 {
		k.add(at(24+3*i), 200_150, 100)
	}
	require.Empty(t, k.String(), "nothing for a minute")
	require.Len(t, k.rates, 20)
}

func TestWords(t *testing.T) {
	t.Parallel()
	for d, text := range map[time.Duration]string{
		time.Second: "a few seconds left", 12 * time.Second: "about 10 s left", 50 * time.Second: "about 50 s left",
		57 * time.Second: "about 1 min left", 88 * time.Second: "about 1 min left", 200 * time.Second: "about 3 min left",
		100 * time.Minute: "about 1.5 h left", 5 * time.Hour: "about 5 h left", 100 * time.Hour: "about 4 days left",
	} {
		require.Equal(t, text, leftText(d))
	}
	require.Equal(t, "0.3/s", rateText(0.31))
	require.Equal(t, "1,235/s", rateText(1234.6))
	require.Equal(t, []string{"0.0 %", "<0.1 %", "1.2 %", "99.9 %", "100 %"},
		[]string{job.Percent(0, 10), job.Percent(1, 10_000), job.Percent(12, 1000), job.Percent(99_999, 100_000), job.Percent(5, 5)})
	require.Equal(t, []string{"59 s", "3 min", "2 h 5 min"}, []string{ageText(59 * time.Second), ageText(200 * time.Second), ageText(125 * time.Minute)})
	require.Equal(t, "0.4 ms", milliseconds(0.41))
}
