package e2e

import (
	"os"
	"os/exec"
	"path/filepath"
	"strconv"
	"strings"
	"sync"
	"syscall"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"longhaul/job"
)

const joins = "another longhaul run works on this job"

// longRun is a job that a test has the time to disturb.
func longRun(t *testing.T, records int, marks ...int64) (*countingAPI, string, job.Spec) {
	t.Helper()
	api := newCountingAPI(t, records, 50*time.Millisecond, marks...)
	dir := t.TempDir()
	spec := httpSpec(api.URL, int64(records), 50)
	spec.HeartbeatTimeout = job.Duration(10 * time.Second)
	writeSpec(t, dir, spec)
	return api, dir, spec
}

// requireDone: the run says that all is done, and how many calls were made.
func requireDone(t *testing.T, p *process, records int) {
	t.Helper()
	require.Zero(t, p.wait(), p.out)
	require.Contains(t, p.out.String(), " records done in ")
	require.Contains(t, strings.ReplaceAll(p.out.String(), ",", ""), strconv.Itoa(records)+" succeeded 0 failed")
	for _, noise := range []string{"deadline exceeded", "signal: killed", "connection refused", "Unavailable"} {
		require.NotContains(t, p.out.String(), noise)
	}
}

func requireNoServer(t *testing.T, dir string) {
	t.Helper()
	require.NoFileExists(t, filepath.Join(dir, ".longhaul", "server.pid"), "the last to leave stops the server")
	require.Empty(t, serversOn(t, dir))
}

// serversOn are the processes that have the database of a run's local server.
func serversOn(t *testing.T, dir string) (found []string) {
	t.Helper()
	names, err := filepath.Glob("/proc/[0-9]*/cmdline")
	require.NoError(t, err)
	for _, name := range names {
		line, err := os.ReadFile(name)
		if err == nil && strings.Contains(string(line), filepath.Join(dir, ".longhaul", "temporal.db")) {
			found = append(found, name)
		}
	}
	return found
}

// atMostOneServer looks all the time until the test ends.
func atMostOneServer(t *testing.T, dir string) {
	t.Helper()
	ended, looked := make(chan struct{}), make(chan int)
	go func() {
		most := 0
		for {
			names, _ := filepath.Glob("/proc/[0-9]*/cmdline")
			now := 0
			for _, name := range names {
				if line, err := os.ReadFile(name); err == nil && strings.Contains(string(line), filepath.Join(dir, ".longhaul", "temporal.db")) {
					now++
				}
			}
			most = max(most, now)
			select {
			case <-ended:
				looked <- most
				return
			case <-time.After(20 * time.Millisecond):
			}
		}
	}()
	t.Cleanup(func() {
		close(ended)
		require.LessOrEqual(t, <-looked, 1, "two servers on one database")
	})
}

func TestASecondRunJoinsTheFirst(t *testing.T) {
	t.Parallel()
	const records = 4000
	api, dir, _ := longRun(t, records, 500)
	atMostOneServer(t, dir)
	first := runJob(t, dir)
	api.await(t, 500)
	second := runJob(t, dir)
	requireDone(t, second, records)
	requireDone(t, first, records)
	require.Contains(t, second.out.String(), joins+": this one joins it")
	require.NotContains(t, first.out.String(), joins)
	require.Zero(t, api.repeated(t))
	require.LessOrEqual(t, api.most.Load(), int64(50))
	requireProven(t, dir, records)
	requireNoServer(t, dir)
	line, _, _ := strings.Cut(first.out.String(), "\n")
	require.Regexp(t, `^job longhaul-out-[0-9a-f]{8}, output out, Web UI http://127\.0\.0\.1:[0-9]+/namespaces/default/workflows/longhaul-out-[0-9a-f]{8}$`, line)
}

func TestTwoRunsStartAtTheSameMoment(t *testing.T) {
	t.Parallel()
	const records = 300
	for range 10 {
		api, dir, _ := longRun(t, records)
		atMostOneServer(t, dir)
		var both [2]*process
		var begin, begun sync.WaitGroup
		begin.Add(1)
		for i := range both {
			begun.Go(func() {
				begin.Wait()
				both[i] = runJob(t, dir)
			})
		}
		begin.Done()
		begun.Wait()
		for _, p := range both {
			requireDone(t, p, records)
		}
		require.Zero(t, api.repeated(t))
		requireProven(t, dir, records)
		requireNoServer(t, dir)
	}
}

// However one of two runs ends, the other one's job goes on.
func TestOneOfTwoRunsEnds(t *testing.T) {
	t.Parallel()
	const records = 5000
	for name, end := range map[string]func(*testing.T, *process){
		"killed": func(_ *testing.T, p *process) { p.kill() },
		"interrupted": func(t *testing.T, p *process) {
			p.interrupt(t)
			require.Equal(t, 130, p.wait(), p.out)
			require.Contains(t, p.out.String(), "stopped; every answer so far is kept")
		},
	} {
		for victim, which := range []string{"first", "second"} {
			t.Run(name+" "+which, func(t *testing.T) {
				t.Parallel()
				api, dir, _ := longRun(t, records, 500, 1500)
				atMostOneServer(t, dir)
				first := runJob(t, dir)
				api.await(t, 500)
				second := runJob(t, dir)
				says(t, second, joins)
				api.await(t, 1500)
				both := []*process{first, second}
				end(t, both[victim])
				requireDone(t, both[1-victim], records)
				if name == "interrupted" {
					require.Zero(t, api.repeated(t))
				}
				require.LessOrEqual(t, api.repeated(t), int64(50))
				requireProven(t, dir, records)
				requireNoServer(t, dir)
			})
		}
	}
}

// The settings of a job that runs are changed only if the user wants it.
func TestOtherSettingsForAJobThatRuns(t *testing.T) {
	t.Parallel()
	const records = 9000
	api, dir, spec := longRun(t, records, 500)
	first := runJob(t, dir)
	api.await(t, 500)

	out, code := runProgram(t, dir, "longhaul", "run", "job.json", "--parallelism", "20", "--max-failures", "5%")
	require.Equal(t, 2, code, out)
	require.Contains(t, out, joins+", with other settings:\n  parallelism: 50 → 20\n  max_failures: 10% → 5%\n")
	require.Contains(t, out, "change them with: longhaul tune out --parallelism 20 --max-failures 5%, or give this command with --yes")

	slower := spec
	slower.Call.HTTP.Timeout = job.Duration(time.Minute)
	slower.Retry.MaximumAttempts = 2
	writeSpec(t, dir, slower)
	out, code = runProgram(t, dir, "longhaul", "run", "job.json", "--yes", "--parallelism", "30")
	require.Equal(t, 2, code, out)
	require.Contains(t, out, "\n  parallelism: 50 → 30\n  call.http.timeout: 30s → 1m0s\n  retry.maximum_attempts: 5 → 2\n")
	require.Contains(t, out, "stop it with longhaul cancel out, then give this command again")

	other := httpSpec(api.URL+"/other", records, 50)
	writeSpec(t, dir, other)
	out, code = runProgram(t, dir, "longhaul", "run", "job.json", "--yes")
	require.Equal(t, 1, code, out)
	require.Contains(t, out, "this output folder belongs to a job with another call")

	// The command that was printed, and then the same spec again.
	spec = httpSpec(api.URL, records, 50)
	spec.HeartbeatTimeout = job.Duration(10 * time.Second)
	writeSpec(t, dir, spec)
	out, code = runProgram(t, dir, "longhaul", "tune", "out", "--parallelism", "20", "--max-failures", "5%")
	require.Zero(t, code, out)
	joined := launch(t, dir, "longhaul", "run", "job.json", "--parallelism", "20", "--max-failures", "5%")
	says(t, joined, joins+", with these settings: this one joins it")
	faster := launch(t, dir, "longhaul", "run", "job.json", "--parallelism", "80", "--max-failures", "5%", "--yes")
	says(t, faster, "parallelism: 20 → 80\n", "changed; this run joins it")
	for _, p := range []*process{first, joined, faster} {
		requireDone(t, p, records)
	}
	require.Zero(t, api.repeated(t))
	requireProven(t, dir, records)
	requireNoServer(t, dir)
}

// On a terminal it asks.
func TestOtherSettingsAreAskedFor(t *testing.T) {
	t.Parallel()
	script, err := exec.LookPath("script")
	if err != nil {
		t.Skip("script (util-linux), which makes a terminal, is not on this machine")
	}
	const records = 5000
	api, dir, _ := longRun(t, records, 500)
	first := runJob(t, dir)
	api.await(t, 500)
	asks := func(answer string) (string, int) {
		cmd := exec.Command(script, "-qec", filepath.Join(binDir, "longhaul")+" run job.json --parallelism 100", "/dev/null")
		cmd.Dir, cmd.Env, cmd.Stdin = dir, environment(), strings.NewReader(answer+"\n")
		out, _ := cmd.CombinedOutput()
		return string(out), cmd.ProcessState.ExitCode()
	}
	out, code := asks("n")
	require.Equal(t, 2, code, out)
	require.Contains(t, out, "Change them in the running job? [y/N]")
	require.Contains(t, out, "nothing was changed; follow the job as it is with longhaul watch out")
	out, code = asks("y")
	require.Zero(t, code, out)
	require.Contains(t, out, "changed; this run joins it")
	requireDone(t, first, records)
	require.Zero(t, api.repeated(t))
}

// A run that was killed leaves its job open on the server. New settings count at
// once: nobody works on it.
func TestNewSettingsCountAfterAKill(t *testing.T) {
	t.Parallel()
	const records = 4000
	api, dir, spec := longRun(t, records, 1000)
	first := runJob(t, dir)
	api.await(t, 1000)
	first.kill()
	spec.Retry.MaximumAttempts = 2
	writeSpec(t, dir, spec)
	second := runJob(t, dir)
	requireDone(t, second, records)
	require.Contains(t, second.out.String(), "going on with the job that an earlier run has left, with the new settings:\n  retry.maximum_attempts: 5 → 2\n")
	require.LessOrEqual(t, api.repeated(t), int64(50))
	requireProven(t, dir, records)
}

// All commands take the output folder.
func TestAJobIsFoundByItsOutputFolder(t *testing.T) {
	t.Parallel()
	const records = 6000
	api, dir, _ := longRun(t, records, 500, 2500)
	first := runJob(t, dir)
	api.await(t, 500)
	elsewhere := t.TempDir()
	folder := filepath.Join(dir, "out")
	do := func(want int, args ...string) string {
		t.Helper()
		out, code := runProgram(t, elsewhere, "longhaul", args...)
		require.Equal(t, want, code, "%v\n%s", args, out)
		return out
	}
	require.Contains(t, do(0, "status", folder), "running")
	require.Contains(t, do(0, "pause", folder), "is paused")
	require.Contains(t, do(0, "resume", folder), "runs")
	require.Contains(t, do(0, "tune", folder, "--parallelism", "40"), "parallelism 40")
	watching := launch(t, elsewhere, "longhaul", "watch", folder)
	api.await(t, 2500)
	require.Contains(t, do(0, "cancel", folder), "asked longhaul-out-")
	require.Equal(t, 1, first.wait(), first.out)
	require.Contains(t, first.out.String(), "was canceled")
	watching.kill()

	// Nobody runs it now: what is on disk, and what goes on with it.
	goOn := "of 6,000 records are committed, go on with: cd " + dir + " && longhaul run job.json"
	require.Contains(t, do(0, "status", folder), "no longhaul run works on it now; ")
	require.Contains(t, do(1, "pause", folder), goOn)

	// The same with a server that a killed run has left behind.
	second := runJob(t, dir)
	says(t, second, "running:")
	second.kill()
	require.Contains(t, do(1, "cancel", folder), goOn)
	require.Contains(t, do(1, "watch", folder), goOn)

	third := runJob(t, dir)
	requireDone(t, third, records)
	require.Contains(t, do(0, "status", folder), "the job has finished, all 6,000 records are committed")
	require.Contains(t, do(1, "tune", folder, "--rate", "5"), "the job has finished")
	requireProven(t, dir, records)
	requireNoServer(t, dir)
}

// Neither a folder nor a job: one message for both.
func TestNeitherAFolderNorAJob(t *testing.T) {
	t.Parallel()
	dir := t.TempDir()
	address := freeAddress(t)
	require.NoError(t, os.Mkdir(filepath.Join(dir, "empty"), 0o755))
	for _, args := range [][]string{{"status"}, {"watch"}, {"pause"}, {"resume"}, {"tune", "--rate", "1"}, {"cancel"}, {"redrive"}} {
		out, code := runProgram(t, dir, "longhaul", append(args, "outt", "--address", address)...)
		require.Equal(t, 1, code, out)
		require.Equal(t, "longhaul: there is no folder outt, and no Temporal server answers at "+address+
			"; give the output folder of a job, or --address and the id of one\n", out)
		out, code = runProgram(t, dir, "longhaul", append(args, "outt", "--address", shared.local.Address())...)
		require.Equal(t, 1, code, out)
		require.Equal(t, "longhaul: there is no folder outt, and no job of that id on the Temporal server at "+shared.local.Address()+
			"; give the output folder of a job, or the id of one\n", out)
		out, _ = runProgram(t, dir, "longhaul", append(args, "empty", "--address", address)...)
		require.Contains(t, out, "the folder empty is not the output of a job, and no Temporal server answers")
	}
}

// A run on a server that was named is found by its folder too.
func TestAJobOnANamedServerIsFoundByItsOutputFolder(t *testing.T) {
	t.Parallel()
	const records = 3000
	api, dir, _ := longRun(t, records, 500)
	first := launch(t, dir, "longhaul", "run", "job.json", "--address", shared.local.Address())
	api.await(t, 500)
	require.Eventually(t, func() bool {
		out, code := runProgram(t, dir, "longhaul", "status", "out")
		return code == 0 && strings.Contains(out, "running")
	}, 10*time.Second, 100*time.Millisecond)
	// From another spec folder, with other settings: its worker answers, so it lives.
	spec, err := os.ReadFile(filepath.Join(dir, "job.json"))
	require.NoError(t, err)
	elsewhere := t.TempDir()
	require.NoError(t, os.WriteFile(filepath.Join(elsewhere, "job.json"), spec, 0o644))
	out, code := runProgram(t, dir, "longhaul", "run", filepath.Join(elsewhere, "job.json"), "--address", shared.local.Address(), "--rate", "300")
	require.Equal(t, 2, code, out)
	require.Contains(t, out, "rate: 0 → 300")
	first.signal(syscall.SIGINT)
	require.Equal(t, 130, first.wait(), first.out)
	out, code = runProgram(t, dir, "longhaul", "run", "job.json", "--address", shared.local.Address())
	require.Zero(t, code, out)
	require.Zero(t, api.repeated(t))
}
