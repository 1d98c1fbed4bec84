package transport

import (
	"context"
	"errors"
	"net/http"
)

// Direct makes requests over connections that it keeps. It is safe for concurrent use.
type Direct struct {
	// next makes the requests that Direct does not, and has the settings of both.
	next *http.Transport
	kept connections
}

// New is a Direct with the DialContext (required), Proxy, MaxIdleConnsPerHost, IdleConnTimeout
// and MaxResponseHeaderBytes of the next transport. It opens as many connections as there are
// requests at once.
func New(next *http.Transport) *Direct { return &Direct{next: next, kept: newConnections(next)} }

// Next is the transport behind it.
func (d *Direct) Next() *http.Transport { return d.next }

// RoundTrip makes one request. Its errors are those of [http.Transport], in other words
// perhaps: the context's error if that has ended. The body of the answer must be read to its
// end, or closed; its connection is free from then on.
func (d *Direct) RoundTrip(r *http.Request) (*http.Response, error) {
	if !d.isPlain(r) {
		return d.next.RoundTrip(r)
	}
	address := addressOf(r.URL)
	for sent := r; ; {
		c, err := d.connection(r.Context(), address)
		if err != nil {
			return nil, closeBody(sent, err)
		}
		response, err := c.roundTrip(sent)
		if err == nil {
			response.Request = r
		}
		if !errors.Is(err, errStale) {
			return response, err
		}
		if sent, err = again(r); err != nil {
			return nil, err
		}
	}
}

// connection is one that was kept, or a new one.
func (d *Direct) connection(ctx context.Context, address string) (*connection, error) {
	if ctx.Err() != nil {
		return nil, context.Cause(ctx)
	}
	if c := d.kept.take(address); c != nil {
		return c, nil
	}
	conn, err := d.next.DialContext(ctx, "tcp", address)
	if err != nil {
		return nil, err
	}
	return newConnection(conn, address, &d.kept), nil
}

// again is the request with a body that was not read.
func again(r *http.Request) (*http.Request, error) {
	if r.GetBody == nil {
		return r, nil
	}
	body, err := r.GetBody()
	if err != nil {
		return nil, err
	}
	clone := *r
	clone.Body = body
	return &clone, nil
}

// closeBody is what a RoundTripper owes to a request that it does not send.
func closeBody(r *http.Request, err error) error {
	if r.Body == nil {
		return err
	}
	return errors.Join(err, r.Body.Close())
}

// CloseIdleConnections closes the connections that nobody uses, and those in use when they
// are free: it comes when there are no more requests.
func (d *Direct) CloseIdleConnections() {
	d.kept.close()
	d.next.CloseIdleConnections()
}
