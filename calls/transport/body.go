package transport

import (
	"compress/gzip"
	"errors"
	"io"
	"net/http"
	"strings"
)

// body gives the connection back at its end.
type body struct {
	io.ReadCloser
	request    *http.Request
	connection *connection
	// usable: the connection is for another request too. read: the end was.
	usable, ended, read bool
}

// wrapBody has the answer's body give the connection back. A body that was asked for as gzip
// without the caller's knowledge is unpacked.
func wrapBody(r *http.Request, response *http.Response, c *connection) {
	packed := asksForGzip(r) && strings.EqualFold(response.Header.Get("Content-Encoding"), "gzip")
	b := &body{ReadCloser: response.Body, request: r, connection: c, usable: !response.Close}
	response.Body = b
	if b.ReadCloser == http.NoBody {
		b.end(b.usable)
		return
	}
	if packed {
		response.Body = &unpacked{body: b}
		response.Header.Del("Content-Encoding")
		response.Header.Del("Content-Length")
		response.ContentLength, response.Uncompressed = -1, true
	}
}

func (b *body) Read(p []byte) (int, error) {
	switch {
	case b.read:
		return 0, io.EOF
	case b.ended && b.ReadCloser != http.NoBody:
		return 0, http.ErrBodyReadAfterClose
	}
	n, err := b.ReadCloser.Read(p)
	switch {
	case err == nil:
	case errors.Is(err, io.EOF):
		b.read = true
		b.end(b.usable)
	default:
		b.end(false)
		err = explain(b.request, err)
	}
	return n, err
}

// Close drops what was not read, and the connection with it.
func (b *body) Close() error {
	b.end(false)
	return nil
}

func (b *body) end(usable bool) {
	if !b.ended {
		b.ended = true
		b.connection.end(usable)
	}
}

// asksForGzip says whether gzip is asked for without the caller's knowledge: as http.Transport
// does it.
func asksForGzip(r *http.Request) bool {
	return isEmpty(r.Header["Accept-Encoding"]) && isEmpty(r.Header["Range"]) && r.Method != http.MethodHead
}

func isEmpty(values []string) bool { return len(values) == 0 || values[0] == "" }

// unpacked is a body that came as gzip.
type unpacked struct {
	*body
	reader *gzip.Reader
	err    error
}

func (u *unpacked) Read(p []byte) (int, error) {
	if u.reader == nil && u.err == nil {
		u.reader, u.err = gzip.NewReader(u.body)
	}
	if u.err != nil {
		return 0, u.err
	}
	return u.reader.Read(p)
}
