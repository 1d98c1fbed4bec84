package pool

import (
	"testing"
	"testing/synctest"
	"time"

	"github.com/stretchr/testify/require"

	"longhaul/job"
)

// slowMarks are of a disk that takes long for some marks, as one that is full.
type slowMarks struct {
	results
	slow func(index int64) time.Duration
}

func (s *slowMarks) Mark(mark job.Mark) error {
	if !mark.Back {
		<-time.After(s.slow(mark.Index))
	}
	return s.results.Mark(mark)
}

// The rate counts when calls start, also if the disk has delayed some of them.
func TestCallsThatStartLateKeepToTheRate(t *testing.T) {
	t.Parallel()
	for name, slow := range map[string]func(int64) time.Duration{
		"the first":  func(i int64) time.Duration { return max(0, 30-time.Duration(i)) * 100 * time.Millisecond },
		"some":       func(i int64) time.Duration { return time.Duration(i%7/6) * 1900 * time.Millisecond },
		"all alike":  func(int64) time.Duration { return 50 * time.Millisecond },
		"all others": func(i int64) time.Duration { return time.Duration(i%2) * time.Second },
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			synctest.Test(t, func(t *testing.T) {
				const rate, count = 10, 200
				var s starts
				p := newPool(&s, retries)
				slot := p.Join(job.LaneGrant{Calls: 50, Rate: rate, Fresh: true}, nil)
				began := time.Now()
				require.NoError(t, p.Run(t.Context(), t.Context(), How{}, records(count), &slowMarks{slow: slow}))
				slot.Leave()
				require.Len(t, s.at, count)
				s.requireRate(t, rate)
				if name == "all alike" {
					require.Less(t, time.Since(began), 22*time.Second, "a start that comes late is counted once: 20 s at this rate")
				}
			})
		})
	}
}
