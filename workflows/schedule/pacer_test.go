package schedule

import (
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"longhaul/job"
)

func TestPace(t *testing.T) {
	t.Parallel()
	start := time.Date(2026, 1, 1, 0, 0, 0, 0, time.UTC)
	spec := job.DefaultSpec() // 500ms for 1000 records
	long := job.Duration(3 * time.Second)
	spec.BatchInterval = &long
	p := NewPacer(spec, start)

	require.Zero(t, p.Wait(start), "the first is due at once")
	p.Started(1000, false)
	require.Equal(t, 500*time.Millisecond, p.Wait(start))
	p.Started(200, false)
	require.Equal(t, 600*time.Millisecond, p.Wait(start), "a smaller chunk in proportion")
	p.Started(1000, true)
	require.Equal(t, 3600*time.Millisecond, p.Wait(start), "between two batches")

	late := start.Add(5 * time.Second)
	require.Zero(t, p.Wait(late))
	p.Started(1000, false)
	require.Zero(t, p.Wait(late), "late is caught up: due at 4.1s")

	later := start.Add(time.Hour)
	for range 10 { // 10 × 500ms is what may be caught up
		require.Zero(t, p.Wait(later))
		p.Started(1000, false)
	}
	require.Zero(t, p.Wait(later))
	p.Started(1000, false)
	require.Equal(t, 500*time.Millisecond, p.Wait(later), "but no more than 5s")
}

func TestPaceWithoutInterval(t *testing.T) {
	t.Parallel()
	spec := job.DefaultSpec()
	spec.ChunkInterval = 0
	now := time.Now()
	p := NewPacer(spec, now)
	for range 1000 {
		require.Zero(t, p.Wait(now))
		p.Started(1000, true)
	}
}
