package calls

import (
	"bufio"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"os/exec"
	"regexp"
	"strings"
	"syscall"
	"unicode/utf8"

	"longhaul/internal/supervisor"
	"longhaul/job"
)

const (
	// longestMessage bounds what a program may say about a failed record.
	longestMessage = 8 << 10
	onlyAnswers    = "; write nothing but answers to standard output, each on one line"
)

// checkAnswer is an error if the answer is not one line of JSON.
func checkAnswer(p *process, answer []byte) error {
	switch extra, err := p.extra(); {
	case !utf8.Valid(answer) || !json.Valid(answer):
		return &job.CallError{Kind: "exec", Retry: true, Message: "the answer is not JSON: " + excerptOf(answer, longestExcerpt) + onlyAnswers}
	case err == nil && extra != "":
		return &job.CallError{Kind: "exec", Retry: true, Message: "the answer is more than one line; after the first came: " + extra + onlyAnswers}
	}
	return nil
}

// reportedFailure is what an error line says; nil if the answer is none. An error
// line is an object whose only key is "error", with a string or an object.
func reportedFailure(answer []byte) *job.CallError {
	if !errorLine.Match(answer) {
		return nil
	}
	var line map[string]json.RawMessage
	_ = json.Unmarshal(answer, &line) // it is valid, and an object
	if len(line) != 1 {
		return nil
	}
	reported := struct {
		Message string `json:"message"`
		Kind    string `json:"kind"`
		Retry   bool   `json:"retry"`
	}{}
	err := json.Unmarshal(line["error"], &reported)
	if line["error"][0] == '"' {
		err = json.Unmarshal(line["error"], &reported.Message)
	}
	if err != nil || reported.Message == "" {
		reported.Message = string(line["error"]) // better than nothing
	}
	if !errorKind.MatchString(reported.Kind) {
		reported.Kind = "exec"
	}
	return &job.CallError{Kind: reported.Kind, Message: excerptOf([]byte(reported.Message), longestMessage), Retry: reported.Retry}
}

var (
	// errorLine finds answers that may be an error line, without decoding the others.
	errorLine = regexp.MustCompile(`^\{\s*"error"\s*:\s*["{]`)
	// errorKind is what a program may call a failure: kinds are counted by name.
	errorKind = regexp.MustCompile(`^[A-Za-z][A-Za-z0-9_.-]{0,39}$`)
)

// explain ends a process that gave no proper answer, and says what happened and
// what it wrote to its standard error.
func (c *execCaller) explain(ctx context.Context, p *process, err error) *job.CallError {
	var failure *job.CallError
	if !errors.As(err, &failure) && ctx.Err() == nil {
		p.settle()
	}
	p.discard()
	state, stderr := p.exit()
	switch {
	case failure != nil:
		failure.Retry = failure.Retry && c.works.Load()
	case errors.Is(ctx.Err(), context.DeadlineExceeded):
		failure = &job.CallError{Kind: "timeout", Message: "no answer within " + c.spec.Timeout.String() + ": the process was killed", Retry: true}
	case state == nil: // it closed its pipes, and cannot be killed
		failure = &job.CallError{Kind: "exec", Message: c.spec.Command[0] + " gave no answer, and cannot be killed", Retry: true}
	case c.works.Load() || !state.Exited(): // killed: out of memory, perhaps
		failure = &job.CallError{Kind: "exec", Message: fmt.Sprintf("%s ended without an answer: %s", c.spec.Command[0], state), Retry: true}
	default:
		failure = &job.CallError{Kind: "exec", Message: fmt.Sprintf("%s ended before its first answer: %s", c.spec.Command[0], state)}
	}
	failure.Message += quoted(stderr)
	return failure
}

// quoted puts the last line of a standard error, which mostly says it all, on the
// first line of a message, and the rest below.
func quoted(stderr string) string {
	if stderr == "" {
		return ""
	}
	last := strings.LastIndexByte(stderr, '\n')
	if last < 0 {
		return "; standard error: " + stderr
	}
	return "; standard error: …" + excerptOf([]byte(stderr[last+1:]), longestExcerpt) + "\n" + stderr
}

// cannotStart says why the program did not start. Only a lack of the machine's
// resources passes.
func (c *execCaller) cannotStart(ctx context.Context, err error) *job.CallError {
	name := c.spec.Command[0]
	if errors.Is(ctx.Err(), context.DeadlineExceeded) {
		return &job.CallError{Kind: "timeout", Message: name + " could not be started within " + c.spec.Timeout.String(), Retry: true}
	}
	failure := &job.CallError{Kind: "exec", Message: fmt.Sprintf("%s cannot be started: %v", name, err)}
	path, lookup := exec.LookPath(programPath(name, c.dir))
	for _, passing := range []error{supervisor.ErrLost, context.Canceled, syscall.EAGAIN, syscall.ENOMEM, syscall.EMFILE, syscall.ENFILE, syscall.ETXTBSY} {
		failure.Retry = failure.Retry || errors.Is(err, passing)
	}
	switch interpreter := interpreterOf(path); {
	case lookup == nil && errors.Is(err, fs.ErrNotExist) && interpreter != "":
		failure.Message += "; its first line names " + interpreter + ", which is not there"
	case errors.Is(err, syscall.ENOEXEC):
		failure.Message += "; it is no program for this machine, or a script without a first line such as #!/bin/sh"
	}
	return failure
}

// interpreterOf is what the first line of a script names; empty if it has none.
func interpreterOf(path string) string {
	file, err := os.Open(path)
	if err != nil {
		return ""
	}
	defer file.Close()
	line, err := bufio.NewReaderSize(file, 256).ReadSlice('\n')
	words := strings.Fields(strings.TrimPrefix(string(line), "#!"))
	if err != nil || !strings.HasPrefix(string(line), "#!") || len(words) == 0 {
		return ""
	}
	return words[0]
}
