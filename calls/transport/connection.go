package transport

import (
	"bufio"
	"context"
	"errors"
	"fmt"
	"math"
	"net"
	"net/http"
	"os"
	"sync"
	"time"
)

// errStale: a connection that was kept was closed before anything of the answer came, and
// the request may be made again.
var errStale = errors.New("the server has closed an idle connection")

// connection is used by one request after the other.
type connection struct {
	net.Conn
	address string
	reader  *bufio.Reader
	kept    *connections
	// used: it has had a request before. freeSince is when that has ended.
	used      bool
	freeSince time.Time
	// left is how much of the answer's header may still be read; answered: some of the answer
	// was.
	left     int64
	answered bool
	// interrupt ends what is under way.
	interrupt func()
	// stop ends the watch over the request's context; false if it has interrupted.
	stop func() bool
}

func newConnection(conn net.Conn, address string, kept *connections) *connection {
	c := &connection{Conn: conn, address: address, kept: kept}
	c.reader = bufio.NewReader(c)
	c.interrupt = func() { _ = c.SetDeadline(past) }
	return c
}

// Read reads no more of a header than is allowed.
func (c *connection) Read(p []byte) (int, error) {
	if c.left <= 0 {
		return 0, fmt.Errorf("net/http: server response headers exceeded %d bytes; aborted", c.kept.headerBytes)
	}
	n, err := c.Conn.Read(p[:min(int64(len(p)), c.left)])
	c.left -= int64(n)
	c.answered = c.answered || n > 0
	return n, err
}

// past is a deadline that interrupts.
var past = time.Unix(1, 0)

// begin gives the connection the deadline of the context, or an end when the context has one.
func (c *connection) begin(ctx context.Context) error {
	deadline, _ := ctx.Deadline()
	err := c.SetDeadline(deadline)
	c.stop = interrupts(ctx, c.interrupt)
	c.left, c.answered = c.kept.headerBytes, false
	return err
}

// end keeps the connection for the next request if it can be used again.
func (c *connection) end(usable bool) {
	if !c.stop() || !usable || c.reader.Buffered() > 0 {
		c.close()
		return
	}
	c.used = true
	c.kept.put(c)
}

func (c *connection) close() { _ = c.Close() } // what it has to say came with a read or a write

// roundTrip writes the request, and reads the answer up to its body.
func (c *connection) roundTrip(r *http.Request) (*http.Response, error) {
	err := c.begin(r.Context())
	if c.used && (err != nil || time.Since(c.freeSince) > looksAfter && isStale(c.Conn)) {
		c.end(false)
		return nil, errStale
	}
	response, err := c.exchange(r)
	if err != nil {
		c.end(false)
		return nil, explain(r, err)
	}
	wrapBody(r, response, c)
	return response, nil
}

// looksAfter is how long a connection may be idle without a look at whether it is closed: no
// server closes one sooner, as a rule.
const looksAfter = 100 * time.Millisecond

var writers = sync.Pool{New: func() any { return bufio.NewWriter(nil) }}

func (c *connection) write(r *http.Request) error {
	w := writers.Get().(*bufio.Writer)
	defer writers.Put(w)
	w.Reset(c.Conn)
	defer w.Reset(nil)
	if err := write(w, r); err != nil {
		return err
	}
	return w.Flush()
}

// answersWithin is how long an answer is waited for that a server gives although it does not
// want the rest of the request: that of http.Transport.
const answersWithin = 50 * time.Millisecond

func (c *connection) exchange(r *http.Request) (*http.Response, error) {
	writeErr := c.write(r)
	if writeErr != nil && !errors.Is(writeErr, os.ErrDeadlineExceeded) {
		_ = c.SetReadDeadline(time.Now().Add(answersWithin))
	}
	response, err := c.readHeader(r)
	switch {
	case err == nil:
		response.Close = response.Close || writeErr != nil
		return response, nil
	case errors.Is(writeErr, os.ErrDeadlineExceeded), errors.Is(err, os.ErrDeadlineExceeded) && writeErr == nil:
		return nil, os.ErrDeadlineExceeded
	case c.used && !c.answered && isReplayable(r):
		return nil, errStale
	case writeErr != nil:
		return nil, writeErr
	default:
		return nil, err
	}
}

// maxInformational is how many answers of 1xx may come before the one.
const maxInformational = 5

func (c *connection) readHeader(r *http.Request) (*http.Response, error) {
	for range maxInformational + 1 {
		response, err := http.ReadResponse(c.reader, r)
		if err != nil {
			return nil, err
		}
		if response.StatusCode == http.StatusSwitchingProtocols {
			response.Close = true // nobody has asked for it
		} else if response.StatusCode < http.StatusOK {
			continue
		}
		c.left = math.MaxInt64
		return response, nil
	}
	return nil, errors.New("net/http: too many 1xx informational responses")
}

// explain gives the context's error for a deadline, which was the context's or was set because
// that has ended.
func explain(r *http.Request, err error) error {
	if !errors.Is(err, os.ErrDeadlineExceeded) {
		return err
	}
	<-r.Context().Done() // it may be a moment late
	return context.Cause(r.Context())
}
