package calls

import (
	"encoding/json"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"longhaul/job"
)

// misbehaving is a Python function that does what its record says.
const misbehaving = `
import os, subprocess, sys
import longhaul

class Busy(Exception):
    retry = True

class Odd(Exception):
    def __str__(self):
        raise ValueError("no text")

def deeper(record):
    raise ValueError("no such customer: " + record)

def function(record):
    if record == "print":
        print("a line", 1, flush=True)
        print("without an end", end="", flush=True)
    elif record == "write":
        os.write(1, b"raw bytes\n")
        sys.__stdout__.write("kept elsewhere\n")
        sys.__stdout__.flush()
    elif record == "child":
        subprocess.run(["sh", "-c", "echo from a child; cat"])
    elif record == "raise":
        deeper("é")
    elif record == "busy":
        raise Busy("later")
    elif record == "odd":
        raise Odd()
    elif record == "sys.exit":
        sys.exit("enough")
    elif record == "set":
        return {1, 2}
    elif record == "nan":
        return float("nan")
    elif record == "die":
        print("the disk is full", file=sys.stderr)
        os._exit(3)
    elif record == "recurse":
        return function(record)
    elif record == "long":
        return "x" * 1000000
    elif record == "error":
        return {"error": {"message": "as the function says", "kind": "quota", "retry": True}}
    return {"pid": os.getpid(), "was": record}

longhaul.serve(function)
`

func python(t *testing.T) *execCaller {
	t.Helper()
	if _, err := exec.LookPath("python3"); err != nil {
		t.Skip("python3 is not on this machine")
	}
	dir := t.TempDir()
	library, err := os.ReadFile("../examples/python/longhaul.py")
	require.NoError(t, err)
	require.NoError(t, os.WriteFile(filepath.Join(dir, "longhaul.py"), library, 0o644))
	require.NoError(t, os.WriteFile(filepath.Join(dir, "misbehaving.py"), []byte(misbehaving), 0o644))
	spec := job.DefaultExecSpec()
	spec.Command, spec.Timeout = []string{"python3", "misbehaving.py"}, job.Duration(time.Minute)
	c, err := newExec(spec, Options{AllowExec: true, Dir: dir})
	require.NoError(t, err)
	t.Cleanup(func() { require.NoError(t, c.Close()) })
	return c
}

func TestAPythonFunctionMayDoWhatItWants(t *testing.T) {
	t.Parallel()
	c := python(t)
	pid := func(what string) int {
		t.Helper()
		answer, err := c.Call(t.Context(), record(`"`+what+`"`))
		require.NoError(t, err, what)
		var said struct {
			PID int
			Was string
		}
		require.NoError(t, json.Unmarshal(answer.Output, &said))
		require.Equal(t, what, said.Was)
		return said.PID
	}
	first := pid("first")
	for _, harmless := range []string{"print", "write", "child"} {
		require.Equal(t, first, pid(harmless), "%s does not reach the answers", harmless)
	}
	for what, want := range map[string]job.CallError{
		"raise":    {Kind: "exec", Message: "ValueError: no such customer: é"},
		"busy":     {Kind: "exec", Message: "Busy: later", Retry: true},
		"odd":      {Kind: "exec", Message: "Odd: <exception str() failed>"},
		"sys.exit": {Kind: "exec", Message: "SystemExit: enough"},
		"set":      {Kind: "exec", Message: "TypeError: Object of type set is not JSON serializable"},
		"nan":      {Kind: "exec", Message: "ValueError: Out of range float values are not JSON compliant"},
		"recurse":  {Kind: "exec", Message: "RecursionError: maximum recursion depth exceeded"},
		"error":    {Kind: "quota", Message: "as the function says", Retry: true},
	} {
		failure := failedOn(t, c, what)
		require.Contains(t, strings.Split(failure.Message, "\n")[0], want.Message, "the first line says it all")
		if what != "error" {
			require.Contains(t, failure.Message, "\nTraceback (most recent call last):\n")
		}
		require.Equal(t, want.Kind, failure.Kind, what)
		require.Equal(t, want.Retry, failure.Retry, what)
		require.Equal(t, first, pid("after"), "the program lives on after %s", what)
	}
	require.Contains(t, failedOn(t, c, "raise").Message, "in deeper\n", "the traceback tells where")
	answer, err := c.Call(t.Context(), record(`"long"`))
	require.NoError(t, err)
	require.Len(t, answer.Output, 1_000_002)
}

func TestAPythonProgramThatDiesIsReplaced(t *testing.T) {
	t.Parallel()
	c := python(t)
	_, err := c.Call(t.Context(), record(`"first"`))
	require.NoError(t, err)
	_, err = c.Call(t.Context(), record(`"print"`))
	require.NoError(t, err)
	require.Equal(t, &job.CallError{
		Kind: "exec", Retry: true,
		Message: "python3 ended without an answer: exit status 3; standard error: the disk is full",
	}, failedOn(t, c, "die"), "what it has printed about an earlier record is not there")
	_, err = c.Call(t.Context(), record(`"next"`))
	require.NoError(t, err)
}

func failedOn(t *testing.T, c Caller, what string) *job.CallError {
	t.Helper()
	_, err := c.Call(t.Context(), record(`"`+what+`"`))
	var failure *job.CallError
	require.ErrorAs(t, err, &failure, what)
	return failure
}

// What Python says itself, when the file is not there or does not parse.
func TestAPythonProgramThatCannotStart(t *testing.T) {
	t.Parallel()
	c := python(t)
	c.spec.Command = []string{"python3", "typo.py"}
	failure := failed(t, c)
	require.Contains(t, failure.Message, "python3 ended before its first answer: exit status 2; standard error: ")
	require.Contains(t, failure.Message, "can't open file")
	require.False(t, failure.Retry)

	require.NoError(t, os.WriteFile(filepath.Join(c.dir, "imports.py"), []byte("import no_such_module\n"), 0o644))
	c.spec.Command[1] = "imports.py"
	failure = failed(t, c)
	require.Contains(t, failure.Brief(), "exit status 1; standard error: …ModuleNotFoundError: No module named 'no_such_module'")
	require.Contains(t, failure.Message, "\nTraceback (most recent call last):\n")
	require.False(t, failure.Retry)
}
