package e2e

import (
	"net/http"
	"net/http/httptest"
	"os"
	"path/filepath"
	"testing"
	"time"

	"github.com/gofrs/flock"
	"github.com/stretchr/testify/require"

	"longhaul/internal/runfile"
)

// A run that is starting is found by its output folder at once: before its server runs.
func TestARunThatIsStarting(t *testing.T) {
	t.Parallel()
	const records = 300
	_, dir, _ := longRun(t, records)
	state, folder := filepath.Join(dir, ".longhaul"), filepath.Join(dir, "out")
	require.NoError(t, os.Mkdir(state, 0o755))
	starting := flock.New(filepath.Join(state, "starting.lock"))
	require.NoError(t, starting.Lock()) // the run waits for it before it starts a server
	first := runJob(t, dir)
	require.Eventually(t, func() bool {
		f, err := runfile.Read(t.Context(), folder)
		return err == nil && f != nil
	}, 60*time.Second, 10*time.Millisecond)
	const says = "out: a longhaul run is starting, and its local Temporal server does not answer yet; give this command again in some seconds\n"
	out, code := runProgram(t, dir, "longhaul", "status", "out")
	require.Zero(t, code, out)
	require.Equal(t, says, out)
	for _, args := range [][]string{{"status", "--json"}, {"watch"}, {"pause"}, {"tune", "--rate", "1"}, {"cancel"}, {"redrive"}} {
		out, code := runProgram(t, dir, "longhaul", append(args, "out")...)
		require.Equal(t, 1, code, out)
		require.Equal(t, "longhaul: "+says, out, "%v", args)
	}
	require.NoError(t, starting.Unlock())
	requireDone(t, first, records)
	require.NoFileExists(t, filepath.Join(folder, "_longhaul", "starting.json"))
	out, code = runProgram(t, dir, "longhaul", "status", "out")
	require.Zero(t, code, out)
	require.Contains(t, out, "the job has finished")
	requireProven(t, dir, records)
}

// Its server answers, but does not have the job yet.
func TestARunWhoseJobIsNotThereYet(t *testing.T) {
	t.Parallel()
	dir := t.TempDir()
	_, leave, err := runfile.Enter(t.Context(), dir, "not-there-yet")
	require.NoError(t, err)
	defer leave()
	withdraw, err := runfile.File{WorkflowID: "not-there-yet", Output: filepath.Join(dir, "out"), Address: shared.local.Address(), Lock: dir}.Announce()
	require.NoError(t, err)
	out, code := runProgram(t, dir, "longhaul", "status", "out")
	require.Zero(t, code, out)
	require.Contains(t, out, "out: a longhaul run is starting, and its job is not on the Temporal server yet")
	withdraw()
	require.NoDirExists(t, filepath.Join(dir, "out"))
}

// A job that is refused leaves no folder.
func TestARefusedRunLeavesNoFolder(t *testing.T) {
	t.Parallel()
	dir := t.TempDir()
	require.NoError(t, os.WriteFile(filepath.Join(dir, "job.yaml"), []byte("input: {uri: none.jsonl}\noutput: {uri: a/out}\ncall: {sleep: {duration: 1ms}}"), 0o644))
	out, code := runProgram(t, dir, "longhaul", "run", "job.yaml", "--address", shared.local.Address())
	require.Equal(t, 1, code, out)
	require.NoDirExists(t, filepath.Join(dir, "a"))
}

// A job whose first calls fail ends at once; its folder still says why, and which run it was.
func TestAJobThatEndsAtOnceIsFoundByItsFolder(t *testing.T) {
	t.Parallel()
	api := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) { w.WriteHeader(http.StatusUnauthorized) }))
	t.Cleanup(api.Close)
	dir := t.TempDir()
	require.NoError(t, os.WriteFile(filepath.Join(dir, "job.yaml"), []byte("input: {count: 100}\noutput: {uri: out}\ncall: {http: {url: '"+api.URL+"/{{.}}'}}"), 0o644))
	for range 2 { // the second run finds the folder, but no run.json
		require.NoError(t, os.RemoveAll(filepath.Join(dir, "out", "_longhaul", "run.json")))
		out, code := runProgram(t, dir, "longhaul", "run", "job.yaml")
		require.Equal(t, 1, code, out)
		out, code = runProgram(t, dir, "longhaul", "status", "out")
		require.Zero(t, code, out)
		require.Contains(t, out, "out: no longhaul run works on it now; 0 of 100 records are committed\nstopped at ")
		require.Contains(t, out, "\ngo on with: longhaul run job.yaml\n")
	}
}

// A job that is refused leaves the file of the job whose folder it is.
func TestARefusedRunLeavesTheFileOfTheFoldersJob(t *testing.T) {
	t.Parallel()
	dir := t.TempDir()
	run := func(count, id string) int {
		spec := "input: {count: " + count + "}\noutput: {uri: out}\ncall: {sleep: {duration: 1ms}}"
		require.NoError(t, os.WriteFile(filepath.Join(dir, "job.yaml"), []byte(spec), 0o644))
		_, code := runProgram(t, dir, "longhaul", "run", "job.yaml", "--id", id)
		return code
	}
	require.Zero(t, run("10", "folders-job"))
	require.Equal(t, 1, run("20", "refused"))
	f, err := runfile.Read(t.Context(), filepath.Join(dir, "out"))
	require.NoError(t, err)
	require.Equal(t, "folders-job", f.WorkflowID)
}
