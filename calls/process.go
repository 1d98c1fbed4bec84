package calls

import (
	"bufio"
	"bytes"
	"context"
	"errors"
	"fmt"
	"io"
	"os"
	"os/exec"
	"sync/atomic"
	"syscall"

	"longhaul/job"
)

// process is one program that is kept alive.
type process struct {
	cmd   *exec.Cmd
	stdin io.WriteCloser
	// pipe is our end of its standard output: unlike cmd.StdoutPipe's, it is
	// not closed when the program ends right after an answer.
	pipe   *os.File
	stdout *bufio.Reader
	// record is the one that it works on, for its log.
	record atomic.Int64
	// ended is closed when it has been waited for.
	ended chan struct{}
}

func startProcess(command []string, dir string, log func(record int64, line string)) (*process, error) {
	cmd := exec.Command(command[0], command[1:]...) //nolint:noctx // it outlives the call that starts it
	p := &process{cmd: cmd, ended: make(chan struct{})}
	p.cmd.Dir = dir
	// A group of its own, so that its children can be killed with it.
	p.cmd.SysProcAttr = &syscall.SysProcAttr{Setpgid: true}
	stdin, err1 := p.cmd.StdinPipe()
	stderr, err2 := p.cmd.StderrPipe()
	ours, theirs, err3 := os.Pipe()
	if err := errors.Join(err1, err2, err3); err != nil {
		return nil, err
	}
	p.cmd.Stdout = theirs
	err := p.cmd.Start()
	if err := errors.Join(err, theirs.Close()); err != nil {
		return nil, errors.Join(err, ours.Close())
	}
	p.stdin, p.pipe, p.stdout = stdin, ours, bufio.NewReader(ours)
	go p.pass(stderr, log)
	return p, nil
}

// pass hands the program's standard error to the log, then waits for its end.
func (p *process) pass(stderr io.Reader, log func(record int64, line string)) {
	lines := bufio.NewScanner(stderr)
	for lines.Scan() {
		if log != nil {
			log(p.record.Load(), lines.Text())
		}
	}
	// A line that was too long ends the scan, not the program.
	_, _ = io.Copy(io.Discard, stderr)
	_ = p.cmd.Wait()
	close(p.ended)
}

// ask writes one line and reads one.
func (p *process) ask(ctx context.Context, record job.Record, limit int64) ([]byte, error) {
	p.record.Store(record.Index)
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

// kill ends the program and its children. It may be called again.
func (p *process) kill() {
	if p.hasEnded() {
		return // its id may be another's by now
	}
	// It fails if the group is ending.
	_ = syscall.Kill(-p.cmd.Process.Pid, syscall.SIGKILL)
}

// discard ends a process that is not asked again.
func (p *process) discard() {
	p.kill()
	// They were only read from and written to.
	_, _ = p.pipe.Close(), p.stdin.Close()
}

func (p *process) hasEnded() bool {
	select {
	case <-p.ended:
		return true
	default:
		return false
	}
}

// exit is how the program ended.
func (p *process) exit() string {
	<-p.ended
	return p.cmd.ProcessState.String()
}
