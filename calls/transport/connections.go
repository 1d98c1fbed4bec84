package transport

import (
	"cmp"
	"net/http"
	"sync"
	"time"
)

// connections are those that nobody uses, by address.
type connections struct {
	most        int
	timeout     time.Duration
	headerBytes int64

	mu sync.Mutex
	// idle are in the order in which they became free: the last one is used next.
	idle   map[string][]*connection
	closed bool
}

// The defaults of http.Transport.
const (
	defaultIdle        = http.DefaultMaxIdleConnsPerHost
	defaultHeaderBytes = 10 << 20
)

func newConnections(from *http.Transport) connections {
	return connections{
		most: cmp.Or(from.MaxIdleConnsPerHost, defaultIdle), timeout: from.IdleConnTimeout,
		headerBytes: cmp.Or(from.MaxResponseHeaderBytes, defaultHeaderBytes), idle: map[string][]*connection{},
	}
}

// take is nil if there is none.
func (s *connections) take(address string) *connection {
	s.mu.Lock()
	idle := s.idle[address]
	if len(idle) == 0 {
		s.mu.Unlock()
		return nil
	}
	c := idle[len(idle)-1]
	s.idle[address] = idle[:len(idle)-1]
	s.mu.Unlock()
	if s.isOld(c, time.Now()) { // so are the others
		c.close()
		return s.take(address)
	}
	return c
}

func (s *connections) isOld(c *connection, now time.Time) bool {
	return s.timeout > 0 && now.Sub(c.freeSince) > s.timeout
}

// put keeps a connection, and closes the oldest ones if there are too many, or nobody has
// used them for long.
func (s *connections) put(c *connection) {
	now := time.Now()
	c.freeSince = now
	for _, old := range s.replace(c, now) {
		old.close()
	}
}

func (s *connections) replace(c *connection, now time.Time) (old []*connection) {
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.closed {
		return []*connection{c}
	}
	idle := s.idle[c.address]
	idle = append(idle, c)
	for len(idle) > s.most || s.isOld(idle[0], now) {
		old = append(old, idle[0])
		idle = idle[1:]
	}
	s.idle[c.address] = idle
	return old
}

// close closes those that are free, and the others as soon as they are.
func (s *connections) close() {
	s.mu.Lock()
	s.closed = true
	idle := s.idle
	s.idle = nil
	s.mu.Unlock()
	for _, list := range idle {
		for _, c := range list {
			c.close()
		}
	}
}
