package activities_test

import (
	"testing"

	"github.com/stretchr/testify/require"
	"go.temporal.io/sdk/activity"
	"go.temporal.io/sdk/converter"

	"longhaul/job"
)

// An input or a spec that kills three workers in a row is refused; an attempt that has
// ended with an error has not died.
func TestAnInputThatKillsWorkersIsRefused(t *testing.T) {
	t.Parallel()
	s := newSite(t)
	s.write("in.txt", "x\n")
	var last job.Heartbeat
	s.env.SetOnActivityHeartbeatListener(func(_ *activity.Info, details converter.EncodedValues) {
		last = job.Heartbeat{}
		if err := details.Get(&last); err != nil {
			t.Error(err)
		}
	})
	spec := sleepSpec("in.txt")
	for deaths := range 3 {
		s.env.SetHeartbeatDetails(job.Heartbeat{Begun: deaths})
		_, err := s.index(spec)
		require.NoError(t, err)
		require.Equal(t, deaths+1, last.Begun, "if it dies now, that counts")
	}
	s.env.SetHeartbeatDetails(last)
	_, err := s.index(spec)
	requireKind(t, err, job.KindSpec, "3 workers in a row have died, or were killed, while they indexed the input; look into")

	s.env.SetHeartbeatDetails(job.Heartbeat{Begun: 2})
	s.write("in.txt", "\xff\n")
	_, err = s.index(spec)
	require.Error(t, err)
	require.Zero(t, last.Begun, "it has ended in order")
}
