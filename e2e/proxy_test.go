package e2e

import (
	"net"
	"sync"
	"testing"

	"github.com/stretchr/testify/require"
)

// link is a connection of one worker to the server that can fall silent: nothing is
// refused or closed, it only does not arrive.
type link struct {
	net.Listener

	mu     sync.Mutex
	target string
	silent chan struct{} // closed while data flows
}

func newLink(t *testing.T, target string) *link {
	t.Helper()
	listener, err := net.Listen("tcp", "127.0.0.1:0")
	require.NoError(t, err)
	l := &link{Listener: listener, target: target, silent: make(chan struct{})}
	l.restore()
	t.Cleanup(func() { _ = listener.Close(); l.restore() })
	go l.serve()
	return l
}

func (l *link) address() string { return l.Addr().String() }

func (l *link) serve() {
	for {
		in, err := l.Accept()
		if err != nil {
			return
		}
		go l.join(in)
	}
}

func (l *link) join(in net.Conn) {
	<-l.flows()
	out, err := net.Dial("tcp", l.goal())
	if err != nil {
		_ = in.Close()
		return
	}
	for _, pair := range [][2]net.Conn{{in, out}, {out, in}} {
		go func() {
			defer pair[0].Close()
			defer pair[1].Close()
			buffer := make([]byte, 32<<10)
			for {
				n, err := pair[0].Read(buffer)
				<-l.flows()
				if n > 0 {
					if _, err := pair[1].Write(buffer[:n]); err != nil {
						return
					}
				}
				if err != nil {
					return
				}
			}
		}()
	}
}

func (l *link) flows() <-chan struct{} {
	l.mu.Lock()
	defer l.mu.Unlock()
	return l.silent
}

func (l *link) goal() string {
	l.mu.Lock()
	defer l.mu.Unlock()
	return l.target
}

// retarget leads new connections elsewhere.
func (l *link) retarget(address string) {
	l.mu.Lock()
	defer l.mu.Unlock()
	l.target = address
}

// cut lets nothing through any more; what was sent arrives after restore.
func (l *link) cut() {
	l.mu.Lock()
	defer l.mu.Unlock()
	l.silent = make(chan struct{})
}

func (l *link) restore() {
	l.mu.Lock()
	defer l.mu.Unlock()
	select {
	case <-l.silent:
	default:
		close(l.silent)
	}
}
