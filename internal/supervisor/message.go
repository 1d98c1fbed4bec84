package supervisor

import (
	"bytes"
	"encoding/gob"
	"errors"
	"io"
	"net"
	"os"
	"sync"
	"syscall"
	"time"
)

// programFiles are standard input, output and error.
const programFiles = 3

// patience bounds the sending of a request, in case the supervisor has been stopped.
// A report waits for as long as it takes: a worker may be stopped, and its end is noticed.
const patience = 10 * time.Second

// request asks the supervisor to start a program, or to kill the one with the ID.
type request struct {
	ID        uint64
	Kill      bool
	Path, Dir string
	Args, Env []string
}

// report answers: a program has been started, could not be, or has ended.
type report struct {
	ID     uint64
	PID    int
	Errno  syscall.Errno
	Ended  bool
	Status syscall.WaitStatus
}

// link is one end of the socket. Messages are gob, and carry files.
type link struct {
	conn *net.UnixConn
	// patience bounds the sending of a message; 0: nothing does.
	patience time.Duration

	sendMu  sync.Mutex
	buffer  bytes.Buffer
	encoder *gob.Encoder

	// The others are the one reader's.
	decoder *gob.Decoder
	control []byte
	// files came with messages that may not be decoded yet, in their order.
	files []int
}

// newLink takes over the file of a socket.
func newLink(file *os.File) (*link, error) {
	conn, err := net.FileConn(file)
	if err = errors.Join(err, file.Close()); err != nil {
		return nil, err
	}
	unix, ok := conn.(*net.UnixConn)
	if !ok {
		return nil, errors.Join(errors.New("not a Unix socket"), conn.Close())
	}
	l := &link{conn: unix, control: make([]byte, syscall.CmsgSpace(4*programFiles))}
	l.encoder, l.decoder = gob.NewEncoder(&l.buffer), gob.NewDecoder(l)
	return l, nil
}

// send writes a message. After an error the link is of no use.
func (l *link) send(message any, files ...int) error {
	l.sendMu.Lock()
	defer l.sendMu.Unlock()
	l.buffer.Reset()
	if err := l.encoder.Encode(message); err != nil {
		return err
	}
	if l.patience > 0 {
		if err := l.conn.SetWriteDeadline(time.Now().Add(l.patience)); err != nil {
			return err
		}
	}
	var rights []byte
	if len(files) > 0 {
		rights = syscall.UnixRights(files...)
	}
	n, _, err := l.conn.WriteMsgUnix(l.buffer.Bytes(), rights, nil)
	if err != nil {
		return err
	}
	_, err = l.conn.Write(l.buffer.Bytes()[n:])
	return err
}

// Read reads what the decoder wants, and keeps the files that come along.
func (l *link) Read(p []byte) (int, error) {
	n, controls, flags, _, err := l.conn.ReadMsgUnix(p, l.control)
	if err != nil {
		return max(n, 0), err
	}
	if flags&syscall.MSG_CTRUNC != 0 {
		return n, errors.New("files were lost on the way: too many are open")
	}
	if n == 0 && controls == 0 {
		return 0, io.EOF
	}
	messages, err := syscall.ParseSocketControlMessage(l.control[:controls])
	if err != nil {
		return n, err
	}
	for _, message := range messages {
		files, err := syscall.ParseUnixRights(&message)
		if err != nil {
			return n, err
		}
		l.files = append(l.files, files...)
	}
	return n, nil
}

// takeFiles are those of the message that was decoded last.
func (l *link) takeFiles() ([]int, error) {
	if len(l.files) < programFiles {
		return nil, errors.New("a message came without its files")
	}
	files := l.files[:programFiles:programFiles]
	l.files = l.files[programFiles:]
	return files, nil
}
