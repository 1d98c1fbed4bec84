package calls

import (
	"bytes"
	"errors"
	"io"
	"os"
	"strings"
	"sync"
	"syscall"
)

const (
	// stderrKept is how much of what a program wrote to its standard error stands
	// in a failure.
	stderrKept = 2 << 10
	// stderrLine is how long a line of the log may be; a longer one is cut into
	// several.
	stderrLine = 64 << 10
)

// stderrPipe reads what a program writes to its standard error: line by line for
// the log, and the last of it for the failure of the record that the program
// works on.
type stderrPipe struct {
	file *os.File
	log  func(record int64, line string)
	// ended is closed when nothing is read any more.
	ended chan struct{}

	mu sync.Mutex
	// begun is set once there has been a record.
	begun  bool
	record int64
	// said is the end of what was written about the record; cut if that was more.
	said []byte
	cut  bool
	// line is one that has not ended yet.
	line []byte
}

// logLine is a line for the log.
type logLine struct {
	record int64
	text   string
}

func newStderrPipe(file *os.File, log func(record int64, line string)) *stderrPipe {
	return &stderrPipe{file: file, log: log, ended: make(chan struct{})}
}

// run reads until every program that holds the pipe has ended, or file is closed.
func (s *stderrPipe) run() {
	defer close(s.ended)
	if raw, err := s.file.SyscallConn(); err == nil {
		// Its error is that of a pipe that was closed.
		_ = raw.Read(func(uintptr) bool { return s.drain() })
	}
	s.write(s.unfinished())
}

// begin separates the records: all that was written until now is about the one
// before. A program has written what it says about a record before it answers, so
// that it is in the pipe by now. What it says before its first record, when it
// starts, belongs to that one.
func (s *stderrPipe) begin(record int64) {
	if s.isFirst(record) {
		return
	}
	s.drain()
	s.write(s.unfinished())
	s.mu.Lock()
	defer s.mu.Unlock()
	s.record, s.said, s.cut = record, s.said[:0], false
}

// isFirst says whether there has been no record yet, and notes it then.
func (s *stderrPipe) isFirst(record int64) bool {
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.begun {
		return false
	}
	s.begun, s.record = true, record
	return true
}

// unfinished takes the line that has not ended.
func (s *stderrPipe) unfinished() logLine {
	s.mu.Lock()
	defer s.mu.Unlock()
	rest := logLine{s.record, string(s.line)}
	s.line = s.line[:0]
	return rest
}

// drain reads what is there without waiting, and says whether the pipe has ended.
func (s *stderrPipe) drain() bool {
	for {
		lines, err := s.read()
		s.write(lines...)
		if err != nil {
			return !errors.Is(err, syscall.EAGAIN)
		}
	}
}

// read takes one piece. The lock is held because two goroutines read, and what
// one has read must be in place before the other one goes on; it does not wait,
// because the pipe is non-blocking.
func (s *stderrPipe) read() (lines []logLine, err error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	var buffer [4 << 10]byte
	n, err := readNow(s.file, buffer[:])
	if err != nil {
		return nil, err
	}
	s.said = append(s.said, buffer[:n]...)
	if extra := len(s.said) - stderrKept; extra > 0 {
		s.said, s.cut = append(s.said[:0], s.said[extra:]...), true
	}
	s.line = append(s.line, buffer[:n]...)
	for {
		text, rest, whole := bytes.Cut(s.line, []byte("\n"))
		if !whole && len(s.line) < stderrLine {
			return lines, nil
		}
		lines = append(lines, logLine{s.record, string(text)})
		s.line = append(s.line[:0], rest...)
	}
}

func (s *stderrPipe) write(lines ...logLine) {
	for _, line := range lines {
		if line.text != "" {
			s.log(line.record, line.text)
		}
	}
}

// tail is the last lines that were written about the present record.
func (s *stderrPipe) tail() string {
	s.mu.Lock()
	text, cut := string(s.said), s.cut
	s.mu.Unlock()
	if _, rest, found := strings.Cut(text, "\n"); cut && found {
		text = rest // begin with a whole line
	}
	return strings.TrimSpace(strings.ToValidUTF8(text, "\uFFFD"))
}

// readNow reads what is in a non-blocking pipe: EAGAIN if that is nothing, io.EOF
// at its end.
func readNow(pipe *os.File, buffer []byte) (n int, err error) {
	raw, err := pipe.SyscallConn()
	if err != nil {
		return 0, err
	}
	closed := raw.Control(func(fd uintptr) {
		for n, err = syscall.Read(int(fd), buffer); errors.Is(err, syscall.EINTR); {
			n, err = syscall.Read(int(fd), buffer)
		}
	})
	switch {
	case closed != nil:
		return 0, closed
	case err != nil:
		return 0, err
	case n == 0:
		return 0, io.EOF
	}
	return n, nil
}
