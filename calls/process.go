package calls

import (
	"bufio"
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"os"
	"os/exec"
	"syscall"
	"time"

	"longhaul/job"
)

// settling is how long a program that has closed its standard output may take to
// end by itself, and its standard error to end after it.
const settling = time.Second

// process is one program that is kept alive.
type process struct {
	cmd   *exec.Cmd
	stdin io.WriteCloser
	// pipe is our end of its standard output: unlike cmd.StdoutPipe's, it is
	// not closed when the program ends right after an answer.
	pipe   *os.File
	stdout *bufio.Reader
	stderr *stderrPipe
	// record is the one that it was given last.
	record int64
	// reaped is closed when the program is no more, ended when what it wrote to
	// its standard error has been read too.
	reaped, ended chan struct{}
}

func startProcess(command []string, dir string, log func(record int64, line string)) (*process, error) {
	cmd := exec.Command(command[0], command[1:]...) //nolint:noctx // it outlives the call that starts it
	cmd.Dir = dir
	// A group of its own, so that its children can be killed with it.
	cmd.SysProcAttr = &syscall.SysProcAttr{Setpgid: true}
	stdin, err := cmd.StdinPipe()
	if err != nil {
		return nil, err
	}
	answers, stdout, err := os.Pipe()
	if err != nil {
		return nil, errors.Join(err, stdin.Close())
	}
	errorsOf, stderr, err := os.Pipe()
	if err != nil {
		return nil, errors.Join(err, stdin.Close(), answers.Close(), stdout.Close())
	}
	cmd.Stdout, cmd.Stderr = stdout, stderr
	err = cmd.Start()
	// The program has its own copies, if it has started.
	_, _ = stdout.Close(), stderr.Close()
	if err != nil {
		_, _, _ = stdin.Close(), answers.Close(), errorsOf.Close()
		return nil, err
	}
	p := &process{
		cmd: cmd, stdin: stdin, pipe: answers, stdout: bufio.NewReader(answers), stderr: newStderrPipe(errorsOf, log),
		reaped: make(chan struct{}), ended: make(chan struct{}),
	}
	go p.stderr.run()
	go p.reap()
	return p, nil
}

// reap waits for the program's end, ends its children, and waits for the end of
// its pipes. A child that has left the group can keep them open: what the program
// itself wrote has been read in the meantime.
func (p *process) reap() {
	_ = p.cmd.Wait() // how it ended is in ProcessState
	// The group keeps its number as long as there is a child in it.
	_ = syscall.Kill(-p.cmd.Process.Pid, syscall.SIGKILL)
	close(p.reaped)
	_ = p.pipe.SetReadDeadline(time.Now().Add(settling)) // closed already, or it takes deadlines
	waited := time.NewTimer(settling)
	defer waited.Stop()
	select {
	case <-p.stderr.ended:
	case <-waited.C:
	}
	_ = p.stderr.file.Close()
	<-p.stderr.ended
	close(p.ended)
}

// ask writes one line and reads one.
func (p *process) ask(ctx context.Context, record job.Record, limit int64) ([]byte, error) {
	p.stderr.begin(record.Index)
	p.record = record.Index
	// Reads from a pipe do not know contexts: the end of the program ends them.
	defer context.AfterFunc(ctx, p.kill)()
	if _, err := p.stdin.Write(oneLine(record.Value)); err != nil {
		return nil, err
	}
	var answer []byte
	for {
		part, err := p.stdout.ReadSlice('\n')
		answer = append(answer, part...)
		switch {
		case int64(len(answer)) > limit+1:
			return nil, &job.CallError{Kind: "too_large", Message: fmt.Sprintf("the answer is longer than max_response_bytes (%d)", limit)}
		case errors.Is(err, bufio.ErrBufferFull):
			continue
		case err != nil:
			return nil, err
		}
		return bytes.TrimSpace(answer), nil
	}
}

// extra is what the program has written since its answer and is more than white
// space: then it is not known which line answers which record. err is io.EOF when
// it has closed its standard output.
func (p *process) extra() (text string, err error) {
	// Bytes that came along with the answer; Peek of buffered bytes does not read.
	written, _ := p.stdout.Peek(p.stdout.Buffered())
	written = bytes.TrimSpace(written)
	p.stdout.Reset(p.pipe)
	for len(written) == 0 {
		var buffer [longestExcerpt]byte
		n, err := readNow(p.pipe, buffer[:])
		if errors.Is(err, syscall.EAGAIN) {
			return "", nil
		}
		if err != nil {
			return "", err
		}
		written = bytes.TrimSpace(buffer[:n])
	}
	return excerptOf(written, longestExcerpt), nil
}

// settle gives a program that has closed its pipes the time to end as it wants
// to, so that its exit status is its own.
func (p *process) settle() {
	waited := time.NewTimer(settling)
	defer waited.Stop()
	select {
	case <-p.reaped:
	case <-waited.C:
	}
}

// kill ends the program and its children. It may be called again.
func (p *process) kill() {
	select {
	case <-p.reaped: // its id may be another's by now
	default:
		// It fails if the group is ending.
		_ = syscall.Kill(-p.cmd.Process.Pid, syscall.SIGKILL)
	}
}

// discard ends a process that is not asked again.
func (p *process) discard() {
	p.kill()
	// They were only read from and written to.
	_, _ = p.pipe.Close(), p.stdin.Close()
}

func (p *process) hasEnded() bool {
	select {
	case <-p.reaped:
		return true
	default:
		return false
	}
}

// exit is how the program ended, and the last that it wrote to its standard
// error about its record.
func (p *process) exit() (*os.ProcessState, string) {
	<-p.ended
	return p.cmd.ProcessState, p.stderr.tail()
}

// oneLine is the record's JSON without line feeds.
func oneLine(value json.RawMessage) []byte {
	var line bytes.Buffer
	// A record is valid JSON.
	_ = json.Compact(&line, value)
	line.WriteByte('\n')
	return line.Bytes()
}
