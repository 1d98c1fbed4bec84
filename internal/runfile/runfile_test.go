package runfile

import (
	"os"
	"path/filepath"
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

func TestARunThatStartsIsFound(t *testing.T) {
	t.Parallel()
	state, parent := t.TempDir(), t.TempDir()
	output := filepath.Join(parent, "a", "out")
	read := func() *File {
		f, err := Read(t.Context(), output)
		require.NoError(t, err)
		return f
	}
	_, leave, err := Enter(t.Context(), state, "young")
	require.NoError(t, err)
	young := File{WorkflowID: "young", Output: output, Lock: state}
	withdraw, err := young.Announce()
	require.NoError(t, err)
	require.Equal(t, &young, read())
	withdraw()
	require.Nil(t, read())
	require.NoDirExists(t, filepath.Join(parent, "a"), "a job that is refused leaves nothing")

	// The file of the folder's job is kept, and counts again when the other run is refused.
	withdraw, err = young.Announce()
	require.NoError(t, err)
	old := File{WorkflowID: "old", Output: output}
	require.NoError(t, old.Write())
	require.Equal(t, "young", read().WorkflowID)
	withdraw()
	require.Equal(t, "old", read().WorkflowID)

	// A run that is killed while it starts leaves its announcement, but not its lock.
	_, err = young.Announce()
	require.NoError(t, err)
	leave()
	require.Equal(t, "old", read().WorkflowID)
}

// putJob makes a job's folder of one.
func putJob(t *testing.T, output string) {
	t.Helper()
	require.NoError(t, os.MkdirAll(filepath.Join(output, "_longhaul"), 0o755))
	require.NoError(t, os.WriteFile(filepath.Join(output, "_longhaul", "job.json"), nil, 0o644))
}

// A job can fail before anybody has looked at it: its folder is known all the same.
func TestAJobThatEndsAtOnceIsFound(t *testing.T) {
	t.Parallel()
	for name, c := range map[string]struct{ before, killed, found bool }{
		"ended":                             {found: true},
		"killed":                            {killed: true, found: true},
		"refused by the folder's job":       {before: true},
		"killed before that had refused it": {before: true, killed: true},
	} {
		output, state := t.TempDir(), t.TempDir()
		if c.before {
			putJob(t, output)
		}
		_, leave, err := Enter(t.Context(), state, "id")
		require.NoError(t, err)
		withdraw, err := File{WorkflowID: "id", Output: output, Lock: state}.Announce()
		require.NoError(t, err)
		if !c.before {
			putJob(t, output)
		}
		if !c.killed {
			withdraw()
		}
		leave()
		f, err := Read(t.Context(), output)
		require.NoError(t, err)
		require.Equal(t, c.found, f != nil, name)
	}
}

func TestTheLaterAnnouncementStays(t *testing.T) {
	t.Parallel()
	state, output := t.TempDir(), t.TempDir()
	for _, id := range []string{"first", "second"} {
		_, leave, err := Enter(t.Context(), state, id)
		require.NoError(t, err)
		defer leave()
	}
	withdraw, err := File{WorkflowID: "first", Output: output, Lock: state}.Announce()
	require.NoError(t, err)
	_, err = File{WorkflowID: "second", Output: output, Lock: state}.Announce()
	require.NoError(t, err)
	withdraw()
	f, err := Read(t.Context(), output)
	require.NoError(t, err)
	require.Equal(t, "second", f.WorkflowID)
}

func TestAFileThatIsDamaged(t *testing.T) {
	t.Parallel()
	output := t.TempDir()
	withdraw, err := File{Output: "s3://bucket/out"}.Announce()
	require.NoError(t, err, "there is no folder to write to")
	withdraw()
	require.NoError(t, os.MkdirAll(filepath.Join(output, "_longhaul"), 0o755))
	require.NoError(t, os.WriteFile(filepath.Join(output, startingName), []byte("{"), 0o644))
	f, err := Read(t.Context(), output)
	require.NoError(t, err, "it does not count")
	require.Nil(t, f)
	require.NoError(t, os.WriteFile(filepath.Join(output, fileName), []byte("{"), 0o644))
	_, err = Read(t.Context(), output)
	require.ErrorContains(t, err, "_longhaul/run.json: is damaged; give the command that started")
}
