package calls

import (
	"fmt"
	"os"
	"path/filepath"
	"strconv"
	"strings"
	"testing"
	"time"
	"unicode/utf8"

	"github.com/stretchr/testify/require"

	"longhaul/job"
)

func TestAnErrorLineFailsItsRecordOnly(t *testing.T) {
	t.Parallel()
	c := program(t, `while read -r line; do echo "$line"; done`, nil)
	for line, want := range map[string]*job.CallError{
		`{"error":{"message":"no such customer"}}`:                           {Kind: "exec", Message: "no such customer"},
		`{"error":{"message":"busy","retry":true,"kind":"quota"}}`:           {Kind: "quota", Message: "busy", Retry: true},
		`{"error":"in short"}`:                                               {Kind: "exec", Message: "in short"},
		`{"error":{"message":"a","kind":"two words"}}`:                       {Kind: "exec", Message: "a"},
		`{"error":{"message":"a","kind":"` + strings.Repeat("k", 99) + `"}}`: {Kind: "exec", Message: "a"},
		`{"error":{"code":7}}`:                                               {Kind: "exec", Message: `{"code":7}`},
		`{"error":{"message":"a","retry":"yes"}}`:                            {Kind: "exec", Message: `{"message":"a","retry":"yes"}`},
		`{"error":""}`: {Kind: "exec", Message: `""`},
		`{"error":{"message":"` + strings.Repeat("é", 9000) + `"}}`: {Kind: "exec", Message: strings.Repeat("é", 4<<10) + "…"},
	} {
		_, err := c.Call(t.Context(), record(line))
		require.Equal(t, want, err, "%.80s", line)
		require.Len(t, c.idle, 1, "the program lives on")
	}
	// Answers that only look like it, and how to answer with such an object.
	for _, line := range []string{
		`{"error":null}`, `{"error":0.05}`, `{"error":["a"]}`, `{"error":"a","ok":false}`, `{"ok":false,"error":"a"}`,
		`{"answer":{"error":"a"}}`, `[{"error":"a"}]`, `{}`, `"error"`,
	} {
		answer, err := c.Call(t.Context(), record(line))
		require.NoError(t, err, line)
		require.Equal(t, line, string(answer.Output))
	}
}

// What a program says when it starts is about its first record, also if it is faster
// than the record.
func TestTheFirstRecordHasWhatTheProgramSaysAtItsStart(t *testing.T) {
	t.Parallel()
	reading, writing, err := os.Pipe()
	require.NoError(t, err)
	s := newStderrPipe(reading, func(int64, string) {})
	_, err = writing.WriteString("no licence\n")
	require.NoError(t, err)
	require.NoError(t, writing.Close())
	s.run()
	s.begin(7)
	require.Equal(t, "no licence", s.tail())
	s.begin(8)
	require.Empty(t, s.tail(), "the second one has nothing of it")
}

// Until the program has answered once, what goes wrong would go wrong again.
func TestAProgramThatNeverAnswersIsNotTriedAgain(t *testing.T) {
	t.Parallel()
	for script, want := range map[string]job.CallError{
		"echo no licence >&2; exit 4": {Kind: "exec", Message: "sh ended before its first answer: exit status 4; standard error: no licence"},
		"read -r line; exit 0":        {Kind: "exec", Message: "sh ended before its first answer: exit status 0"},
		"echo Loading; cat":           {Kind: "exec", Message: "the answer is not JSON: Loading; write nothing but answers to standard output, each on one line"},
		"kill -9 $$":                  {Kind: "exec", Message: "sh ended without an answer: signal: killed", Retry: true},
	} {
		require.Equal(t, &want, failed(t, program(t, script, nil)), script)
	}
	// One that has answered before may have met a bad record, or bad luck.
	c := program(t, `read -r line; echo 1; read -r line; exit 4`, nil)
	_, err := c.Call(t.Context(), record(`1`))
	require.NoError(t, err)
	require.True(t, failed(t, c).Retry)
	c.spec.Command[2] = "exit 4"
	require.True(t, failed(t, c).Retry)
}

func TestAProgramThatCannotBeStarted(t *testing.T) {
	t.Parallel()
	for name, c := range map[string]struct{ content, want string }{
		"no interpreter": {"#!/no/such/python -u\n", "./mine cannot be started: fork/exec ./mine: no such file or directory; its first line names /no/such/python, which is not there"},
		"no program":     {"echo 1\n", "./mine cannot be started: fork/exec ./mine: exec format error; it is no program for this machine, or a script without a first line such as #!/bin/sh"},
		"a folder":       {"", "./mine cannot be started: fork/exec ./mine: permission denied"},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			dir := t.TempDir()
			path := filepath.Join(dir, "mine")
			require.NoError(t, os.WriteFile(path, []byte(c.content), 0o755))
			spec := job.DefaultExecSpec()
			spec.Command = []string{"./mine"}
			caller, err := newExec(spec, Options{AllowExec: true, Dir: dir})
			require.NoError(t, err)
			if c.content == "" { // what has changed since the job was checked
				require.NoError(t, os.Remove(path))
				require.NoError(t, os.Mkdir(path, 0o755))
			}
			require.Equal(t, &job.CallError{Kind: "exec", Message: c.want}, failed(t, caller))
		})
	}
}

// A program says what it says about a record before it answers: all of that, and
// nothing else, is the record's.
func TestStandardErrorIsThatOfTheRecord(t *testing.T) {
	t.Parallel()
	script := `while read -r line; do
		i=0; while [ $i -lt 40 ]; do echo "record $line says $i" >&2; i=$((i+1)); done
		[ "$line" != 30 ] || exit 1
		echo "$line"
	done`
	c := program(t, script, nil)
	for i := range 30 {
		_, err := c.Call(t.Context(), record(strconv.Itoa(i)))
		require.NoError(t, err)
	}
	_, err := c.Call(t.Context(), record(`30`))
	var failure *job.CallError
	require.ErrorAs(t, err, &failure)
	_, quoted, _ := strings.Cut(failure.Message, "\n")
	lines := strings.Split(quoted, "\n")
	require.Len(t, lines, 40, "complete")
	for i, line := range lines {
		require.Equal(t, fmt.Sprintf("record 30 says %d", i), line)
	}
}

func TestTheEndOfALongStandardErrorIsKept(t *testing.T) {
	t.Parallel()
	// More than a pipe holds, and cut in the middle of a character.
	c := program(t, `read -r line; i=0; while [ $i -lt 9000 ]; do echo "ééééé $i"; i=$((i+1)); done >&2; printf 'no \351 UTF-8' >&2; exit 1`, nil)
	message := failed(t, c).Message
	require.True(t, utf8.ValidString(message))
	require.Less(t, len(message), stderrKept+longestExcerpt)
	first, rest, _ := strings.Cut(message, "\n")
	require.Equal(t, "sh ended before its first answer: exit status 1; standard error: …no \uFFFD UTF-8", first)
	require.True(t, strings.HasPrefix(rest, "ééééé "), "it begins with a whole line: %.40q", rest)
	require.True(t, strings.HasSuffix(rest, "ééééé 8999\nno \uFFFD UTF-8"))
}

// A child that holds the pipes open holds up nobody, and ends with its program.
func TestADaemonDoesNotHoldUpTheFailure(t *testing.T) {
	t.Parallel()
	file := filepath.Join(t.TempDir(), "pid")
	c := program(t, `read -r line; setsid sh -c 'echo $$ > '`+file+`'; exec sleep 1000' & 
		while [ ! -s `+file+` ]; do sleep 0.01; done; echo gone >&2; exit 1`, nil)
	began := time.Now()
	require.Equal(t, "sh ended before its first answer: exit status 1; standard error: gone", failed(t, c).Message)
	require.Less(t, time.Since(began), 20*time.Second)
	pid, err := os.ReadFile(file)
	require.NoError(t, err)
	daemon, err := strconv.Atoi(strings.TrimSpace(string(pid)))
	require.NoError(t, err)
	require.Eventually(t, func() bool { return gone(daemon) }, time.Minute, 5*time.Millisecond)
}

// Lines that come after an answer would be taken for the next record's answer.
func TestAProgramThatSpeaksUnaskedIsReplaced(t *testing.T) {
	t.Parallel()
	dir := t.TempDir()
	logged := make(chan string, 1)
	spec := job.DefaultExecSpec()
	spec.Command = []string{"sh", "-c", `while read -r line; do echo "$line"; [ "$line" != 2 ] || { echo 99; : > told; }; done`}
	c, err := newExec(spec, Options{AllowExec: true, Dir: dir, Log: func(_ int64, line string) { logged <- line }})
	require.NoError(t, err)
	t.Cleanup(func() { require.NoError(t, c.Close()) })
	_, err = c.Call(t.Context(), record(`1`))
	require.NoError(t, err)
	p := c.idle[0]
	_, err = c.Call(t.Context(), record(`2`))
	if err == nil { // it was faster than the second line
		require.Eventually(t, func() bool { _, err := os.Stat(filepath.Join(dir, "told")); return err == nil }, time.Minute, time.Millisecond)
		answer, err := c.Call(t.Context(), record(`3`))
		require.NoError(t, err)
		require.Equal(t, `3`, string(answer.Output), "not the 99 of before")
		require.Len(t, logged, 1)
		require.Equal(t, "longhaul: the program has written more than one line for this record, and is replaced: 99", <-logged)
	}
	<-p.ended
}
