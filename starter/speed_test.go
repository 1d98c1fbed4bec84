package main

import (
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"longhaul/job"
)

func inFlight(s snapshot, chunks ...chunkBeat) snapshot {
	s.chunks, s.running = chunks, len(chunks)
	for _, c := range chunks {
		s.inChunks += c.done
	}
	return s
}

func at(seconds int) time.Time { return began.Add(time.Duration(seconds) * time.Second) }

// A job that is started again counts what was done before within its first
// seconds. That is no speed.
func TestTheRateIsNeverMoreThanCallsAllow(t *testing.T) {
	t.Parallel()
	var v speed
	s := after(4, 3456, 0)
	s.Rate = 864
	v.add(s)
	require.InDelta(t, 400, v.perSecond(s), 1e-9, "20 calls of 50 ms")
	s.Latency = job.Latency{}
	require.Zero(t, v.perSecond(s), "nobody knows yet")
	require.Zero(t, v.left(s))
	s = after(120, 3456, 0)
	s.Rate = 864
	require.InDelta(t, 864, v.perSecond(s), 1e-9, "later calls may have become faster")
}

func TestTheRateOfLongChunks(t *testing.T) {
	t.Parallel()
	var v speed
	// One look: from the start of the chunks.
	s := inFlight(after(1000, 5000, 0), chunkBeat{beat{at(995), 100}, "1/1", at(895), false}, chunkBeat{beat{at(998), 300}, "2/1", at(898), false})
	s.Rate = 16 // a chunk that took an hour has ended in this minute
	v.add(s)
	require.InDelta(t, 4, v.perSecond(s), 1e-9)
	require.Equal(t, 1150*time.Second, v.left(s).Round(time.Second))
	// Two looks: what came between, though the chunks were slower before.
	s = inFlight(after(1008, 5000, 0), chunkBeat{beat{at(1005), 150}, "1/1", at(895), false}, chunkBeat{beat{at(1008), 350}, "2/1", at(898), false})
	v.add(s)
	require.InDelta(t, 10, v.perSecond(s), 1e-9)
	// Another attempt has counted what is in the journal.
	s = inFlight(after(1010, 5000, 0), chunkBeat{beat{at(1010), 200}, "1/2", at(1009), true}, chunkBeat{beat{at(1008), 350}, "2/1", at(898), false})
	v.add(s)
	s.Rate = 9
	require.InDelta(t, 9, v.perSecond(s), 1e-9, "half of the chunks tell nothing yet")
	s = inFlight(after(1018, 5000, 0), chunkBeat{beat{at(1018), 240}, "1/2", at(1009), true}, chunkBeat{beat{at(1018), 400}, "2/1", at(898), false})
	v.add(s)
	require.InDelta(t, 10, v.perSecond(s), 1e-9)
	// Silence is no speed.
	s = inFlight(after(1108, 5000, 0), chunkBeat{beat{at(1008), 350}, "2/1", at(898), false})
	v.add(s)
	require.Less(t, v.perSecond(s), 5.0)
	// Most chunks tell nothing: short ones.
	s.running, s.Rate = 4, 7
	require.InDelta(t, 7, v.perSecond(s), 1e-9)
	s.Phase = job.PhasePaused
	require.Zero(t, v.perSecond(s))
}

// status looks once, watch again and again; at its first look it says the same.
func TestStatusAndWatchSayTheSame(t *testing.T) {
	t.Parallel()
	s := inFlight(after(1000, 5000, 0), chunkBeat{beat{at(995), 100}, "1/1", at(895), false})
	var v speed
	v.add(s)
	var f frame
	f.update(s)
	require.Contains(t, progressLine(s, &v), "1.0/s, about 82 min left")
	require.Contains(t, f.lines(s.at, 80, style{}), line{"5,100 of 10,000 records, 1.0/s, about 82 min left", ""})
}

func TestTheCountNeverGoesBack(t *testing.T) {
	t.Parallel()
	var v speed
	v.add(after(1, 1000, 500))
	require.EqualValues(t, 1500, v.done(after(2, 1000, 100)))
}

func TestTheLastMinuteAsACurve(t *testing.T) {
	t.Parallel()
	var k spark
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
		[]string{percent(0, 10), percent(1, 10_000), percent(12, 1000), percent(99_999, 100_000), percent(5, 5)})
	require.Equal(t, []string{"59 s", "3 min", "2 h 5 min"}, []string{ageText(59 * time.Second), ageText(200 * time.Second), ageText(125 * time.Minute)})
	require.Equal(t, "0.4 ms", milliseconds(0.41))
}
