package e2e

import (
	"encoding/json"
	"errors"
	"os"
	"path/filepath"
	"strconv"
	"strings"
	"syscall"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"longhaul/job"
)

const runRecords = 6_000

// writeSpec writes a job file, and is what a user would have.
func writeSpec(t *testing.T, dir string, spec job.Spec) {
	t.Helper()
	data, err := json.Marshal(spec)
	require.NoError(t, err)
	require.NoError(t, os.WriteFile(filepath.Join(dir, "job.json"), data, 0o644))
}

// runJob launches longhaul run in a process group of its own, as a shell does.
func runJob(t *testing.T, dir string) *process {
	t.Helper()
	p := launch(t, dir, "longhaul", "run", "job.json")
	t.Cleanup(func() { stopLeftServer(t, dir) })
	return p
}

// stopLeftServer stops a server that a killed run has left behind.
func stopLeftServer(t *testing.T, dir string) {
	if _, err := os.Stat(filepath.Join(dir, ".longhaul", "server.pid")); err != nil {
		return
	}
	s, err := startServer(filepath.Join(dir, ".longhaul"))
	require.NoError(t, err)
	s.stop()
}

// interrupt is a Ctrl-C: the terminal sends it to the whole group.
func (p *process) interrupt(t *testing.T) {
	t.Helper()
	require.NoError(t, syscall.Kill(-p.cmd.Process.Pid, syscall.SIGINT))
}

func TestRunIsInterruptedAndGoesOnWithoutRepeatingACall(t *testing.T) {
	t.Parallel()
	api := newCountingAPI(t, runRecords, 50*time.Millisecond, 1500)
	dir := t.TempDir()
	writeSpec(t, dir, httpSpec(api.URL, runRecords, 100))

	first := runJob(t, dir)
	api.await(t, 1500)
	first.interrupt(t)
	require.Equal(t, 130, first.wait(), first.out)
	require.Contains(t, first.out.String(), "The same command goes on")
	require.Less(t, api.total.Load(), int64(runRecords))

	second := runJob(t, dir)
	require.Zero(t, second.wait(), second.out)
	require.Zero(t, api.repeated(t), second.out)
	requireProven(t, dir, runRecords)
	require.NoFileExists(t, filepath.Join(dir, ".longhaul", "server.pid"), "the last to leave stops the server")
}

// A second Ctrl-C does not wait for a call that takes for ever.
func TestASecondInterruptEndsRunAtOnce(t *testing.T) {
	t.Parallel()
	api := newCountingAPI(t, 100, time.Hour, 100)
	dir := t.TempDir()
	spec := httpSpec(api.URL, 100, 100)
	spec.Call.HTTP.Timeout, spec.Canary = job.Duration(time.Hour), 0
	writeSpec(t, dir, spec)
	p := runJob(t, dir)
	api.await(t, 100)
	p.interrupt(t)
	require.Eventually(t, func() bool { return strings.Contains(p.out.String(), "Ctrl-C again to stop at once") }, time.Minute, 10*time.Millisecond)
	p.interrupt(t)
	require.Equal(t, 130, p.wait(), p.out)
	require.Contains(t, p.out.String(), "stopped at once; the same command goes on")
}

func TestRunIsKilledAndFindsItsServerAgain(t *testing.T) {
	t.Parallel()
	api := newCountingAPI(t, runRecords, 50*time.Millisecond, 1500)
	dir := t.TempDir()
	writeSpec(t, dir, httpSpec(api.URL, runRecords, 100))

	first := runJob(t, dir)
	api.await(t, 1500)
	first.kill()
	before := serverProcess(t, dir)
	require.NoError(t, syscall.Kill(before, 0), "the server was left behind")

	second := runJob(t, dir)
	require.Zero(t, second.wait(), second.out)
	require.LessOrEqual(t, api.repeated(t), int64(100))
	require.Equal(t, 1, strings.Count(readLog(t, dir), "the local Temporal server was started"))
	requireProven(t, dir, runRecords)
	require.NoFileExists(t, filepath.Join(dir, ".longhaul", "server.pid"), "the second run used it, and stopped it")
	require.Eventually(t, func() bool { return errors.Is(syscall.Kill(before, 0), syscall.ESRCH) }, time.Minute, 10*time.Millisecond)
}

func serverProcess(t *testing.T, dir string) int {
	t.Helper()
	text, err := os.ReadFile(filepath.Join(dir, ".longhaul", "server.pid"))
	require.NoError(t, err)
	pid, err := strconv.Atoi(string(text))
	require.NoError(t, err)
	return pid
}

func readLog(t *testing.T, dir string) string {
	t.Helper()
	data, err := os.ReadFile(filepath.Join(dir, ".longhaul", "worker.log"))
	require.NoError(t, err)
	return string(data)
}

// Promise 7: the output folder alone is enough.
func TestRunGoesOnWithABrandNewServer(t *testing.T) {
	t.Parallel()
	api := newCountingAPI(t, runRecords, 50*time.Millisecond, 1500)
	dir := t.TempDir()
	spec := httpSpec(api.URL, runRecords, 100)
	spec.HeartbeatTimeout = job.Duration(5 * time.Second) // the lease must outlast the restart
	writeSpec(t, dir, spec)

	first := runJob(t, dir)
	api.await(t, 1500)
	first.kill()
	stopLeftServer(t, dir)
	require.NoError(t, os.RemoveAll(filepath.Join(dir, ".longhaul")))

	second := runJob(t, dir)
	require.Zero(t, second.wait(), second.out)
	require.LessOrEqual(t, api.repeated(t), int64(100))
	require.Contains(t, second.out.String(), "waiting for the output folder", "the old job's lease")
	requireProven(t, dir, runRecords)
}

func TestRunUsesTheServerItIsGiven(t *testing.T) {
	t.Parallel()
	api := newCountingAPI(t, 300, time.Millisecond)
	dir := t.TempDir()
	writeSpec(t, dir, httpSpec(api.URL, 300, 50))
	out, code := runProgram(t, dir, "longhaul", "run", "job.json", "--address", shared.local.Address())
	require.Zero(t, code, out)
	require.Contains(t, out, "300 records done")
	require.NoFileExists(t, filepath.Join(dir, ".longhaul", "server.json"))
	requireProven(t, dir, 300)

	out, code = runProgram(t, dir, "longhaul", "run", "job.json", "--address", shared.local.Address())
	require.Zero(t, code, out)
	require.EqualValues(t, 300, api.total.Load(), "a finished job makes no call again")
}

// A job that was interrupted is still running: the same output with another
// call is refused, with other settings it goes on with these.
func TestRunDoesNotMixUpJobs(t *testing.T) {
	t.Parallel()
	api := newCountingAPI(t, runRecords, 50*time.Millisecond, 1500)
	dir := t.TempDir()
	spec := httpSpec(api.URL, runRecords, 100)
	writeSpec(t, dir, spec)
	first := runJob(t, dir)
	api.await(t, 1500)
	first.interrupt(t)
	require.Equal(t, 130, first.wait(), first.out)
	made := api.total.Load()

	other := httpSpec(api.URL+"/other", runRecords, 100)
	writeSpec(t, dir, other)
	refused := runJob(t, dir)
	require.Equal(t, 1, refused.wait(), refused.out)
	require.Contains(t, refused.out.String(), "this output folder belongs to a job with another call")
	require.Less(t, api.total.Load()-made, int64(runRecords), "its worker went on with the job meanwhile")

	spec.Parallelism = 20
	writeSpec(t, dir, spec)
	api.most.Store(0)
	second := runJob(t, dir)
	require.Zero(t, second.wait(), second.out)
	require.Contains(t, second.out.String(), "going on with the job that an earlier run has left, with the new settings:\n  parallelism: 100 → 20\n")
	require.LessOrEqual(t, api.most.Load(), int64(100))
	require.Zero(t, api.repeated(t))
	requireProven(t, dir, runRecords)
}

func TestRunGroupsItsFailures(t *testing.T) {
	t.Parallel()
	api := newCountingAPI(t, 90, time.Millisecond)
	dir := t.TempDir()
	spec := httpSpec(api.URL, 100, 10)
	spec.MaxFailures = job.FailureLimit{Value: 50}
	writeSpec(t, dir, spec)
	out, code := runProgram(t, dir, "longhaul", "run", "job.json", "--address", shared.local.Address())
	require.Zero(t, code, out)
	require.Contains(t, out, `10 × http 404 "Not Found: no such record" (first: record 90)`)
}

func TestRunSaysWhatIsWrong(t *testing.T) {
	t.Parallel()
	dir := t.TempDir()
	write := func(name, content string) {
		require.NoError(t, os.WriteFile(filepath.Join(dir, name), []byte(content), 0o644))
	}
	write("in.jsonl", "{\"id\":1}\n{\"id\":\n")
	write("good.jsonl", "{\"id\":1}\n")
	for name, c := range map[string]struct {
		spec, message string
		code          int
	}{
		"misspelt": {"input: {count: 1}\noutput: {uri: o1}\nchunksize: 5\ncall: {sleep: {duration: 1ms}}", "chunksize: unknown field, did you mean chunk_size?", 2},
		"broken":   {"input: {uri: in.jsonl}\noutput: {uri: o2}\ncall: {sleep: {duration: 1ms}}", "in.jsonl: line 2: broken JSON", 1},
		"missing":  {"input: {uri: none.jsonl}\noutput: {uri: o3}\ncall: {sleep: {duration: 1ms}}", "none.jsonl: there is no such file", 1},
		"template": {"input: {uri: good.jsonl}\noutput: {uri: o4}\ncall: {http: {url: 'http://127.0.0.1:1/{{.no}}'}}", "call.http.url: the record has no field no; it has id", 1},
		"no call":  {"input: {count: 1}\noutput: {uri: o5}\ncall: {}", "call: there is none", 2},
	} {
		t.Run(name, func(t *testing.T) {
			file := name + ".yaml"
			write(file, c.spec)
			out, code := runProgram(t, dir, "longhaul", "run", file, "--address", shared.local.Address())
			require.Equal(t, c.code, code, out)
			require.Contains(t, out, c.message)
		})
	}
}

func TestTheServerIsNamedWhenItDoesNotAnswer(t *testing.T) {
	t.Parallel()
	out, code := runProgram(t, t.TempDir(), "longhaul", "status", "x", "--address", "127.0.0.1:1")
	require.Equal(t, 1, code)
	require.Contains(t, out, "no Temporal server answers at 127.0.0.1:1")
}
