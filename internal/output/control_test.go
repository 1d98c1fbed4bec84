package output

import (
	"testing"

	"github.com/stretchr/testify/require"

	"longhaul/internal/output/outputtest"
	"longhaul/job"
)

func change(to string) []job.Change { return []job.Change{{What: "rate", To: to}} }

// Every change stays in the file; a version that was written before is not written
// again, and another job's or run's is no earlier version of ours.
func TestControlKeepsEveryChange(t *testing.T) {
	t.Parallel()
	f, _ := claimed(t)
	none, err := f.Control(t.Context())
	require.NoError(t, err)
	require.Nil(t, none)
	for _, control := range []job.Control{
		{Epoch: 1, RunID: "a", Version: 1, Changes: change("1")},
		{Epoch: 1, RunID: "a", Version: 2, Paused: true, Changes: change("2")},
		{Epoch: 1, RunID: "a", Version: 2, Changes: change("again")}, // a retried activity
		{Epoch: 1, RunID: "b", Version: 1, Changes: change("3")},
	} {
		require.NoError(t, f.PutControl(t.Context(), control))
	}
	control, err := f.Control(t.Context())
	require.NoError(t, err)
	require.Equal(t, "b", control.RunID)
	require.False(t, control.Paused)
	to := make([]string, 0, len(control.Changes))
	for _, c := range control.Changes {
		to = append(to, c.To)
	}
	require.Equal(t, []string{"1", "2", "3"}, to)
	outputtest.Claim(t, f.Claims)
	err = f.PutControl(t.Context(), job.Control{Epoch: 1, RunID: "stale", Version: 9})
	require.Equal(t, job.KindTakenOver, job.KindOf(err))
}
