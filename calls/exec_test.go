package calls

import (
	"context"
	"io"
	"os"
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

// program is a caller of a shell script.
func program(t *testing.T, script string, change func(*job.ExecSpec)) *execCaller {
	t.Helper()
	spec := job.DefaultExecSpec()
	spec.Command = []string{"sh", "-c", script}
	if change != nil {
		change(&spec)
	}
	c, err := newExec(spec, Options{AllowExec: true, Dir: t.TempDir()})
	require.NoError(t, err)
	t.Cleanup(func() { require.NoError(t, c.Close()) })
	return c
}

func failed(t *testing.T, c Caller) *job.CallError {
	t.Helper()
	_, err := c.Call(t.Context(), record(`1`))
	var failure *job.CallError
	require.ErrorAs(t, err, &failure)
	return failure
}

func TestAProgramIsKeptAlive(t *testing.T) {
	t.Parallel()
	c := program(t, `while read -r line; do echo "{\"pid\":$$,\"line\":$line}"; done`, nil)
	first, err := c.Call(t.Context(), record("{\n \"a\": 1}"))
	require.NoError(t, err)
	require.Contains(t, string(first.Output), `"line":{"a":1}`, "one line in")
	second, err := c.Call(t.Context(), record("{\"a\":1}"))
	require.NoError(t, err)
	require.Equal(t, string(first.Output), string(second.Output), "the same process")
}

func TestEachProcessHasOneRecordAtATime(t *testing.T) {
	t.Parallel()
	c := program(t, `while read -r line; do echo "$$"; done`, func(s *job.ExecSpec) { s.Processes = 3 })
	pids := sync.Map{}
	var all sync.WaitGroup
	for range 100 {
		all.Go(func() {
			answer, err := c.Call(t.Context(), record(`1`))
			if err != nil {
				t.Error(err)
			}
			pids.Store(string(answer.Output), true)
		})
	}
	all.Wait()
	count := 0
	pids.Range(func(any, any) bool { count++; return true })
	require.LessOrEqual(t, count, 3)
}

func TestWhatAProgramCanDoWrong(t *testing.T) {
	t.Parallel()
	for name, c := range map[string]struct {
		script, kind, message string
		retry                 bool
	}{
		"dies":      {"exit 3", "exec", "sh ended without an answer: exit status 3; standard error: last words", true},
		"is killed": {"kill -9 $$", "exec", "sh ended without an answer: signal: killed; standard error: last words", true},
		"hangs":     {"sleep 1000", "timeout", "no answer within 300ms: the process was killed; standard error: last words", true},
		"garbage": {"echo garbage", "exec", "the answer is not JSON: garbage; write nothing but answers to standard output, " +
			"each on one line; standard error: last words", true},
		"no UTF-8": {`printf '"\351"\n'`, "exec", `the answer is not JSON: "�"`, true},
		"two lines": {`printf '1\n2\n'`, "exec", "the answer is more than one line; after the first came: 2; " +
			"write nothing but answers to standard output, each on one line; standard error: last words", true},
		"too much": {"head -c 5000 /dev/zero | tr '\\0' 1; echo", "too_large", "longer than max_response_bytes (1000)", false},
		"half":     {"printf 12", "exec", "sh ended without an answer: exit status 0", true},
		"closes":   {"exec >&-; sleep 0.2; echo late >&2; exit 5", "exec", "sh ended without an answer: exit status 5; standard error: …late\nlast words\nlate", true},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			script := "read -r line; echo $line; read -r line; echo last words >&2; " + c.script
			p := program(t, script, func(s *job.ExecSpec) { s.Timeout, s.MaxResponseBytes = job.Duration(time.Minute), 1000 })
			_, err := p.Call(t.Context(), record(`1`))
			require.NoError(t, err)
			if c.kind == "timeout" {
				p.spec.Timeout = job.Duration(300 * time.Millisecond)
			}
			failure := failed(t, p)
			require.Equal(t, c.kind, failure.Kind)
			require.Contains(t, failure.Message, c.message)
			require.Equal(t, c.retry, failure.Retry)
		})
	}
}

// The next record gets a fresh process.
func TestTheNextRecordDoesNotNotice(t *testing.T) {
	t.Parallel()
	c := program(t, `read -r line; echo "$line"; read -r line; exit 1`, nil)
	for i := range 5 {
		answer, err := c.Call(t.Context(), record(strconv.Itoa(i)))
		if i%2 == 0 {
			require.NoError(t, err)
			require.Equal(t, strconv.Itoa(i), string(answer.Output))
		} else {
			require.Error(t, err)
		}
	}
}

// One that answers and ends is not held against the next record.
func TestAnIdleProcessMayEnd(t *testing.T) {
	t.Parallel()
	c := program(t, `read -r line; echo "$line"`, nil)
	for i := range 20 {
		answer, err := c.Call(t.Context(), record(strconv.Itoa(i)))
		require.NoError(t, err)
		require.Equal(t, strconv.Itoa(i), string(answer.Output))
		c.mu.Lock()
		idle := c.idle[0]
		c.mu.Unlock()
		<-idle.ended
	}
}

func TestAHangingProcessIsKilledWithItsChildren(t *testing.T) {
	t.Parallel()
	file := filepath.Join(t.TempDir(), "pid")
	c := program(t, "read -r line; sleep 1000 & echo $! > "+file+"; wait", func(s *job.ExecSpec) { s.Timeout = job.Duration(time.Second) })
	require.Equal(t, "timeout", failed(t, c).Kind)
	text, err := os.ReadFile(file)
	require.NoError(t, err)
	child, err := strconv.Atoi(strings.TrimSpace(string(text)))
	require.NoError(t, err)
	require.Eventually(t, func() bool { return gone(child) }, time.Minute, 5*time.Millisecond)
}

// gone counts a process that ended, and that nobody has waited for, as gone.
func gone(pid int) bool {
	if syscall.Kill(pid, 0) != nil {
		return true
	}
	stat, err := os.ReadFile("/proc/" + strconv.Itoa(pid) + "/stat")
	return err != nil || strings.Contains(string(stat), ") Z ")
}

func TestStandardErrorGoesToTheLog(t *testing.T) {
	t.Parallel()
	type line struct {
		record int64
		text   string
	}
	logged := make(chan line, 1)
	spec := job.DefaultExecSpec()
	spec.Command = []string{"sh", "-c", `read -r line; echo "about $line" >&2; echo "$line"; read -r line`}
	c, err := newExec(spec, Options{AllowExec: true, Log: func(record int64, text string) { logged <- line{record, text} }})
	require.NoError(t, err)
	_, err = c.Call(t.Context(), record(`7`))
	require.NoError(t, err)
	require.Equal(t, line{42, "about 7"}, <-logged)
	require.NoError(t, c.Close())
}

func TestProgramsNeedLeave(t *testing.T) {
	t.Parallel()
	spec := job.DefaultExecSpec()
	spec.Command = []string{"sh"}
	_, err := newExec(spec, Options{})
	require.EqualError(t, err, "call.exec: this worker does not run programs; start it with --allow-exec")
	spec.Command = []string{"no-such-program"}
	_, err = newExec(spec, Options{AllowExec: true})
	require.ErrorContains(t, err, `call.exec.command: the program "no-such-program" cannot be run: executable file not found in $PATH`)
	require.ErrorContains(t, err, `write "./no-such-program"`)
	dir := t.TempDir()
	require.NoError(t, os.WriteFile(filepath.Join(dir, "mine"), []byte("#!/bin/sh\n"), 0o755))
	spec.Command = []string{"./mine"}
	_, err = newExec(spec, Options{AllowExec: true, Dir: dir})
	require.NoError(t, err, "from the worker's root")
	require.NoError(t, os.Chmod(filepath.Join(dir, "mine"), 0o644))
	_, err = newExec(spec, Options{AllowExec: true, Dir: dir})
	require.ErrorContains(t, err, `the program "./mine" cannot be run: permission denied; paths with a slash start from the worker's root`)
}

func TestAnAbandonedProgramIsKilled(t *testing.T) {
	t.Parallel()
	c := program(t, "read -r line; sleep 1000", nil)
	ctx, cancel := context.WithCancel(t.Context())
	time.AfterFunc(100*time.Millisecond, cancel)
	_, err := c.Call(ctx, record(`1`))
	require.Error(t, err)
	var closer io.Closer = c
	require.NoError(t, closer.Close())
}
