package transport

import (
	"bufio"
	"bytes"
	"compress/gzip"
	"context"
	"fmt"
	"io"
	"net"
	"net/http"
	"slices"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"github.com/stretchr/testify/require"
)

// both has a test run over http.Transport and over Direct: they must not differ.
func both(t *testing.T, test func(t *testing.T, rt http.RoundTripper, dialed *atomic.Int64)) {
	t.Helper()
	for _, direct := range []bool{false, true} {
		t.Run(fmt.Sprintf("direct=%t", direct), func(t *testing.T) {
			t.Parallel()
			next, dialed := counting(t)
			if !direct {
				test(t, next, dialed)
				return
			}
			test(t, New(next), dialed)
		})
	}
}

// counting is a transport that counts the connections it opens.
func counting(t *testing.T) (next *http.Transport, dialed *atomic.Int64) {
	t.Helper()
	dialed = &atomic.Int64{}
	next = &http.Transport{MaxIdleConnsPerHost: 100, IdleConnTimeout: time.Minute, DialContext: func(ctx context.Context, network, address string) (net.Conn, error) {
		dialed.Add(1)
		return new(net.Dialer).DialContext(ctx, network, address)
	}}
	t.Cleanup(next.CloseIdleConnections)
	return next, dialed
}

// only is Direct alone, for what http.Transport does otherwise.
func only(t *testing.T) (d *Direct, dialed *atomic.Int64) {
	t.Helper()
	next, dialed := counting(t)
	d = New(next)
	t.Cleanup(d.CloseIdleConnections)
	return d, dialed
}

// script is a server that answers the requests of each connection with these texts, one after
// the other, and closes it then. It keeps what came.
type script struct {
	url     string
	mu      sync.Mutex
	came    []string
	conns   int
	answers func(conn int) []string
}

func (s *script) requests() []string {
	s.mu.Lock()
	defer s.mu.Unlock()
	return append([]string(nil), s.came...)
}

func newScript(t *testing.T, answers func(conn int) []string) *script {
	t.Helper()
	listener, err := new(net.ListenConfig).Listen(t.Context(), "tcp", "127.0.0.1:0")
	require.NoError(t, err)
	t.Cleanup(func() { _ = listener.Close() })
	s := &script{url: "http://" + listener.Addr().String(), answers: answers}
	go func() {
		for {
			conn, err := listener.Accept()
			if err != nil {
				return
			}
			s.mu.Lock()
			s.conns++
			number := s.conns
			s.mu.Unlock()
			go s.serve(conn, number)
		}
	}()
	return s
}

func (s *script) serve(conn net.Conn, number int) {
	defer conn.Close()
	reader := bufio.NewReader(conn)
	for _, answer := range s.answers(number) {
		r, err := http.ReadRequest(reader)
		if err != nil {
			return
		}
		body, _ := io.ReadAll(r.Body)
		var head strings.Builder
		_ = r.Header.Write(&head)
		s.mu.Lock()
		s.came = append(s.came, fmt.Sprintf("%s %s %s %d\n%s\n%s", r.Method, r.RequestURI, r.Host, r.ContentLength, head.String(), body))
		s.mu.Unlock()
		if _, err := io.WriteString(conn, answer); err != nil {
			return
		}
	}
}

func request(t *testing.T, method, url, body string) *http.Request {
	t.Helper()
	r, err := http.NewRequestWithContext(t.Context(), method, url, strings.NewReader(body))
	require.NoError(t, err)
	return r
}

// outcome is what a caller sees of a request.
type outcome struct {
	Status        int
	Body, Header  string
	Err, BodyErr  bool
	Uncompressed  bool
	ContentLength int64
}

func do(t *testing.T, rt http.RoundTripper, r *http.Request) outcome {
	t.Helper()
	response, err := rt.RoundTrip(r)
	if err != nil {
		return outcome{Err: true}
	}
	defer response.Body.Close()
	body, err := io.ReadAll(response.Body)
	var head strings.Builder
	require.NoError(t, response.Header.Write(&head))
	require.Same(t, r, response.Request)
	return outcome{Status: response.StatusCode, Body: string(body), Header: head.String(), BodyErr: err != nil, Uncompressed: response.Uncompressed, ContentLength: response.ContentLength}
}

func packed(text string) string {
	var b bytes.Buffer
	w := gzip.NewWriter(&b)
	_, _ = w.Write([]byte(text))
	_ = w.Close()
	return b.String()
}

const ok = "HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nok"

// ending are the answers that end with their connection.
var ending = []string{"until the end", "half a body", "half a chunk", "half a header", "no HTTP", "two lengths", "an endless header", "only informational", "no answer", "HTTP/1.0", "closes"}

// The same answers, good and bad, are the same for a caller of http.Transport and of Direct;
// so is what the server gets, and how many connections it sees.
func TestDirectIsAsTheTransport(t *testing.T) {
	t.Parallel()
	zipped := packed("hello")
	for name, c := range map[string]struct {
		answer  string
		method  string
		body    string
		headers map[string]string
	}{
		"plain":                  {ok, "GET", "", nil},
		"a body":                 {ok, "POST", `{"a":1}`, map[string]string{"Content-Type": "application/json", "X-Key": "k"}},
		"a long body":            {ok, "POST", strings.Repeat("x", maxBody+1), nil},
		"a post without a body":  {ok, "POST", "", nil},
		"a put without a body":   {ok, "PUT", "", nil},
		"another agent":          {ok, "GET", "", map[string]string{"User-Agent": " me "}},
		"no agent":               {ok, "GET", "", map[string]string{"User-Agent": ""}},
		"a bad host":             {ok, "GET", "", map[string]string{"Host": "a b"}},
		"another host":           {ok, "GET", "", map[string]string{"Host": "other.example"}},
		"no content":             {"HTTP/1.1 204 No Content\r\n\r\n", "DELETE", "", nil},
		"not modified":           {"HTTP/1.1 304 Not Modified\r\nContent-Length: 5\r\n\r\n", "GET", "", nil},
		"head":                   {"HTTP/1.1 200 OK\r\nContent-Length: 5\r\n\r\n", "HEAD", "", nil},
		"an empty body":          {"HTTP/1.1 200 OK\r\nContent-Length: 0\r\n\r\n", "GET", "", nil},
		"chunks":                 {"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n3\r\nabc\r\n2\r\nde\r\n0\r\n\r\n", "GET", "", nil},
		"chunks with a trailer":  {"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\nTrailer: X\r\n\r\n3\r\nabc\r\n0\r\nX: y\r\n\r\n", "GET", "", nil},
		"gzip":                   {fmt.Sprintf("HTTP/1.1 200 OK\r\nContent-Encoding: gzip\r\nContent-Length: %d\r\n\r\n%s", len(zipped), zipped), "GET", "", nil},
		"gzip that is asked for": {fmt.Sprintf("HTTP/1.1 200 OK\r\nContent-Encoding: gzip\r\nContent-Length: %d\r\n\r\n%s", len(zipped), zipped), "GET", "", map[string]string{"Accept-Encoding": "gzip"}},
		"gzip that is none":      {"HTTP/1.1 200 OK\r\nContent-Encoding: gzip\r\nContent-Length: 5\r\n\r\nhello", "GET", "", nil},
		"a part":                 {ok, "GET", "", map[string]string{"Range": "bytes=0-1"}},
		"informational":          {"HTTP/1.1 103 Early Hints\r\nLink: x\r\n\r\nHTTP/1.1 102 Processing\r\n\r\n" + ok, "GET", "", nil},
		"only informational":     {strings.Repeat("HTTP/1.1 102 Processing\r\n\r\n", 10), "GET", "", nil},
		"a redirect":             {"HTTP/1.1 302 Found\r\nLocation: /other\r\nContent-Length: 0\r\n\r\n", "GET", "", nil},
		"closes":                 {"HTTP/1.1 200 OK\r\nConnection: close\r\nContent-Length: 2\r\n\r\nok", "GET", "", nil},
		"until the end":          {"HTTP/1.1 200 OK\r\nConnection: close\r\n\r\nall of it", "GET", "", nil},
		"HTTP/1.0":               {"HTTP/1.0 200 OK\r\nContent-Length: 2\r\n\r\nok", "GET", "", nil},
		"more than the body":     {ok + "HTTP/1.1 200 OK\r\n", "GET", "", nil},
		"half a body":            {"HTTP/1.1 200 OK\r\nContent-Length: 10\r\n\r\nhalf", "POST", "x", nil},
		"half a chunk":           {"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n5\r\nhal", "GET", "", nil},
		"half a header":          {"HTTP/1.1 200 OK\r\nContent-Le", "GET", "", nil},
		"no HTTP":                {"garbage\r\n\r\n", "GET", "", nil},
		"two lengths":            {"HTTP/1.1 200 OK\r\nContent-Length: 2\r\nContent-Length: 3\r\n\r\nok", "GET", "", nil},
		"an endless header":      {"HTTP/1.1 200 OK\r\nX: " + strings.Repeat("x", 11<<20) + "\r\n\r\n", "GET", "", nil},
		"a header of two lines":  {ok, "GET", "", map[string]string{"X": "a\r\nY: b"}},
		"a header without name":  {ok, "GET", "", map[string]string{"X Y": "a"}},
		"expects":                {ok, "POST", "x", map[string]string{"Expect": "100-continue"}},
		"no answer":              {"", "POST", "x", nil},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			var mu sync.Mutex
			seen := map[bool]any{}
			t.Run("both", func(t *testing.T) {
				both(t, func(t *testing.T, rt http.RoundTripper, dialed *atomic.Int64) {
					answers := []string{c.answer, ok}
					if slices.Contains(ending, name) {
						answers = []string{c.answer} // it closes the connection then
					}
					server := newScript(t, func(int) []string { return answers })
					r := request(t, c.method, server.url+"/a?b=c", c.body)
					for name, value := range c.headers {
						if name == "Host" {
							r.Host = value
						} else {
							r.Header[name] = []string{value}
						}
					}
					got := do(t, rt, r)
					next := do(t, rt, request(t, "GET", server.url, ""))
					came := server.requests()
					for i := range came {
						came[i] = strings.ReplaceAll(came[i], strings.TrimPrefix(server.url, "http://"), "HOST")
					}
					mu.Lock()
					defer mu.Unlock()
					_, direct := rt.(*Direct)
					seen[direct] = []any{got, next, came, dialed.Load()}
					if name == "a long body" || name == "expects" { // the transport behind it has connections of its own
						seen[direct] = []any{got, next, came}
					}
				})
			})
			require.Equal(t, seen[false], seen[true])
		})
	}
}
