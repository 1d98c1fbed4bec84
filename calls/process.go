package calls

import (
	"bufio"
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"os"
	"os/exec"
	"sync"
	"syscall"
	"time"

	"longhaul/internal/supervisor"
	"longhaul/job"
)

// settling is how long a program that has closed its standard output may take to
// end by itself, and its standard error to end after it.
const settling = time.Second

// process is one program that is kept alive.
type process struct {
	program *supervisor.Program
	stdin   *os.File
	// pipe is our end of its standard output.
	pipe   *os.File
	stdout *bufio.Reader
	stderr *stderrPipe
	// record is the one that it was given last.
	record int64
	// ended is closed when the program is no more, and what it wrote to its
	// standard error has been read too.
	ended chan struct{}
	// killed is closed when the program is to end now.
	killed   chan struct{}
	killOnce sync.Once
}

// startProcess returns an error of the operating system, or that of ctx.
func startProcess(ctx context.Context, command []string, dir string, log func(record int64, line string)) (*process, error) {
	// It is not started by this one, but looked up, and given its environment.
	cmd := exec.Command(command[0], command[1:]...) //nolint:noctx // it does not run
	if cmd.Dir = dir; cmd.Err != nil {
		return nil, cmd.Err
	}
	var files []*os.File
	for range 3 {
		reading, writing, err := os.Pipe()
		if err != nil {
			return nil, errors.Join(err, closeAll(files))
		}
		files = append(files, reading, writing)
	}
	program, err := supervisor.Start(ctx, supervisor.Command{
		Path: cmd.Path, Args: cmd.Args, Env: cmd.Environ(), Dir: dir,
		Stdin: files[0], Stdout: files[3], Stderr: files[5],
	})
	// The program has its own copies, if it has started.
	_ = closeAll([]*os.File{files[0], files[3], files[5]})
	if err != nil {
		return nil, errors.Join(err, closeAll([]*os.File{files[1], files[2], files[4]}))
	}
	p := &process{
		program: program, stdin: files[1], pipe: files[2], stdout: bufio.NewReader(files[2]), stderr: newStderrPipe(files[4], log),
		ended: make(chan struct{}), killed: make(chan struct{}),
	}
	go p.stderr.run()
	go p.reap()
	return p, nil
}

func closeAll(files []*os.File) error {
	var err error
	for _, file := range files {
		err = errors.Join(err, file.Close())
	}
	return err
}

// reap waits for the program's end and for that of its pipes. A process that is not
// found as the program's can keep them open: what the program itself wrote has been
// read in the meantime.
func (p *process) reap() {
	select {
	case <-p.program.Ended():
	case <-p.killed:
		p.waitFor(p.program.Ended(), settling)
	}
	_ = p.stdin.Close()                                  // a write to a full pipe ends
	_ = p.pipe.SetReadDeadline(time.Now().Add(settling)) // closed already, or it takes deadlines
	p.waitFor(p.stderr.ended, settling)
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
func (p *process) settle() { p.waitFor(p.program.Ended(), settling) }

// waitFor waits no longer than that.
func (p *process) waitFor(event <-chan struct{}, longest time.Duration) {
	waited := time.NewTimer(longest)
	defer waited.Stop()
	select {
	case <-event:
	case <-waited.C:
	}
}

// kill ends the program and its children. It may be called again.
func (p *process) kill() {
	p.killOnce.Do(func() {
		close(p.killed)
		p.program.Kill()
	})
}

// discard ends a process that is not asked again.
func (p *process) discard() {
	p.kill()
	// They were only read from and written to.
	_, _ = p.pipe.Close(), p.stdin.Close()
}

// hasEnded says whether the program is no more, or will be soon.
func (p *process) hasEnded() bool {
	select {
	case <-p.program.Ended():
		return true
	case <-p.killed:
		return true
	default:
		return false
	}
}

// exit is the program with how it ended, and the last that it wrote to its standard
// error about its record. The program is nil if it cannot be killed.
func (p *process) exit() (*supervisor.Program, string) {
	<-p.ended
	select {
	case <-p.program.Ended():
		return p.program, p.stderr.tail()
	default:
		return nil, p.stderr.tail()
	}
}

// oneLine is the record's JSON without line feeds.
func oneLine(value json.RawMessage) []byte {
	var line bytes.Buffer
	// A record is valid JSON.
	_ = json.Compact(&line, value)
	line.WriteByte('\n')
	return line.Bytes()
}
