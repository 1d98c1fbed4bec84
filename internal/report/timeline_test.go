package report

import (
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"longhaul/job"
)

// row of chunks of ten seconds, two at a time.
func chunks(from time.Time, n int) []job.ChunkTiming {
	finished := make([]job.ChunkTiming, 0, 2*n)
	for i := range n {
		at := from.Add(time.Duration(i) * 10 * time.Second)
		finished = append(finished, job.ChunkTiming{From: at, At: at.Add(10 * time.Second), Records: 100},
			job.ChunkTiming{From: at.Add(time.Second), At: at.Add(11 * time.Second), Records: 100})
	}
	return finished
}

func TestActiveAndIdleTime(t *testing.T) {
	t.Parallel()
	spec := job.DefaultSpec()
	paused := func(at time.Time, to string) job.Change { return job.Change{At: at, What: "paused", To: to} }

	// Stopped on Friday, and on again on Monday.
	monday := began.Add(62 * time.Hour)
	line := newTimeline(append(chunks(began, 60), chunks(monday, 60)...), nil, spec)
	require.Equal(t, 62*time.Hour-601*time.Second, line.idle)
	require.Equal(t, 2*601*time.Second, line.active())
	require.Len(t, line.cuts(), 1)

	// Killed on Friday: what was in flight ends on Monday.
	killed := chunks(began, 60)
	killed[len(killed)-1].At = monday.Add(5 * time.Second)
	line = newTimeline(append(killed, chunks(monday, 60)...), nil, spec)
	require.Equal(t, 62*time.Hour-600*time.Second, line.idle)

	// A pause in which nothing ends; the seconds beside it are no idleness of their own.
	at := began.Add(600 * time.Second)
	line = newTimeline(append(chunks(began, 60), chunks(at.Add(5*time.Minute), 60)...),
		[]job.Change{paused(at.Add(3*time.Second), "true"), paused(at.Add(299*time.Second), "false")}, spec)
	require.Equal(t, 296*time.Second, line.paused)
	require.Zero(t, line.idle)

	// Paused twice in a row, and paused to the end.
	line = newTimeline(chunks(began, 60), []job.Change{paused(began.Add(10*time.Second), "true"), paused(began.Add(20*time.Second), "true"),
		paused(began.Add(30*time.Second), "false"), paused(began.Add(591*time.Second), "true")}, spec)
	require.Equal(t, 30*time.Second, line.paused)

	// Pacing is no idleness.
	spec.ChunkInterval = job.Duration(time.Minute)
	slow := make([]job.ChunkTiming, 0, 10)
	for i := range 10 {
		slow = append(slow, job.ChunkTiming{From: began.Add(time.Duration(i) * time.Minute), At: began.Add(time.Duration(i)*time.Minute + time.Second), Records: 10})
	}
	require.Zero(t, newTimeline(slow, nil, spec).idle)
}

// What is drawn adds up to what was done, whatever is cut out.
func TestThroughputAddsUp(t *testing.T) {
	t.Parallel()
	finished := append(chunks(began, 60), chunks(began.Add(62*time.Hour), 33)...)
	finished = append(finished, job.ChunkTiming{From: began.Add(5 * time.Second), At: began.Add(5 * time.Second), Records: 7})
	finished[119].At = began.Add(62*time.Hour + 7*time.Second)
	changes := []job.Change{
		{At: began.Add(100 * time.Second), What: "paused", To: "true"}, {At: began.Add(111 * time.Second), What: "paused", To: "false"},
		{At: began.Add(200 * time.Second), What: "rate", From: "1", To: "2"}, {At: began.Add(200 * time.Second), What: "parallelism", From: "1", To: "5"},
		{At: began.Add(-time.Hour), What: "rate", From: "0", To: "1"},
	}
	c := newCurve(newTimeline(finished, changes, job.DefaultSpec()), finished, changes)
	sum := 0.0
	for i, rate := range c.rates {
		sum += rate * c.width(i).Seconds()
	}
	require.InDelta(t, 186*100+7, sum, 1e-6)
	require.Less(t, c.total, 20*time.Minute, "the weekend is cut out")
	labels := make([]string, 0, len(c.marks))
	for _, m := range c.marks {
		labels = append(labels, m.label)
	}
	require.Equal(t, []string{"paused 11 s", "rate 1→2, parallelism 5", "idle 2 d 14 h"}, labels)
}

func TestTicksAreRound(t *testing.T) {
	t.Parallel()
	for _, c := range []struct {
		total time.Duration
		label []string
	}{
		{900 * time.Millisecond, []string{"0", "0.1 s", "0.2 s"}},
		{22 * time.Second, []string{"0", "2 s", "4 s"}},
		{110 * time.Second, []string{"0", "10 s", "20 s"}},
		{5 * time.Minute, []string{"0", "0:30 min", "1:00 min"}},
		{41 * time.Minute, []string{"0", "5 min", "10 min"}},
		{5 * time.Hour, []string{"0", "0:30 h", "1:00 h"}},
		{26 * time.Hour, []string{"0", "3 h", "6 h"}},
		{7 * day, []string{"0", "1 d", "2 d"}},
		{90 * day, []string{"0", "10 d", "20 d"}},
	} {
		tick := roundStep(c.total / 12)
		for i, label := range c.label {
			require.Equal(t, label, tickLabel(time.Duration(i)*tick, tick, c.total))
		}
	}
}

func TestDurations(t *testing.T) {
	t.Parallel()
	for d, want := range map[time.Duration]string{
		1500 * time.Millisecond: "1.5 s", 59 * time.Second: "59 s", 87 * time.Second: "1 min 27 s", 41*time.Minute + 20*time.Second: "41 min",
		time.Hour: "1 h", 65 * time.Minute: "1 h 5 min", 62 * time.Hour: "2 d 14 h",
	} {
		require.Equal(t, want, humanDuration(d))
	}
}
