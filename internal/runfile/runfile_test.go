package runfile

import (
	"testing"

	"github.com/stretchr/testify/require"
)

func TestTheCommandThatGoesOn(t *testing.T) {
	t.Parallel()
	words := CommandLine([]string{"/bin/longhaul", "run", "my job.yaml", "--api-key", "secret", "--yes", "--api-key=secret", "--rate", "5"})
	f := File{Folder: "/data/it's", Command: words}
	require.Equal(t, `cd '/data/it'\''s' && longhaul run 'my job.yaml' --rate 5`, f.ResumeCommand())
}

func TestOneRunKnowsOfAnother(t *testing.T) {
	t.Parallel()
	state := t.TempDir()
	works := func() bool {
		works, err := IsRunning(t.Context(), state, "a")
		require.NoError(t, err)
		return works
	}
	require.False(t, works())
	others, leaveFirst, err := Enter(t.Context(), state, "a")
	require.NoError(t, err)
	require.False(t, others)
	require.True(t, works())
	others, leaveOther, err := Enter(t.Context(), state, "b")
	require.NoError(t, err)
	require.False(t, others, "another job")
	others, leaveSecond, err := Enter(t.Context(), state, "a")
	require.NoError(t, err)
	require.True(t, others)
	leaveFirst()
	require.True(t, works(), "the second one is still there")
	leaveSecond()
	leaveOther()
	require.False(t, works())
}
