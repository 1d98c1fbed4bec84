package calls

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"io"
	"net"
	"net/http"
	"net/http/httptest"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"longhaul/job"
)

func spec(url string) job.HTTPSpec {
	s := job.DefaultHTTPSpec()
	s.URL = url
	return s
}

func env(name string) (string, error) {
	if name == "TOKEN" {
		return "canary-7261", nil
	}
	return "", errors.New("no variable " + name)
}

func caller(t *testing.T, s job.HTTPSpec) *httpCaller {
	t.Helper()
	c, err := newHTTP(s, Options{CallID: "JOB", Parallelism: 10, Env: env})
	require.NoError(t, err)
	return c
}

func record(value string) job.Record { return job.Record{Index: 42, Value: json.RawMessage(value)} }

func serve(t *testing.T, handler http.HandlerFunc) string {
	t.Helper()
	server := httptest.NewServer(handler)
	t.Cleanup(server.Close)
	return server.URL
}

// echo answers with what it was sent.
func echo(w http.ResponseWriter, r *http.Request) {
	body, _ := io.ReadAll(r.Body)
	_ = json.NewEncoder(w).Encode(map[string]any{"method": r.Method, "uri": r.RequestURI, "host": r.Host, "header": r.Header, "body": string(body)})
}

type echoed struct {
	Method, URI, Host, Body string
	Header                  http.Header
}

func call(t *testing.T, s job.HTTPSpec, value string) echoed {
	t.Helper()
	answer, err := caller(t, s).Call(t.Context(), record(value))
	require.NoError(t, err)
	var e echoed
	require.NoError(t, json.Unmarshal(answer.Output, &e))
	return e
}

func TestRequestIsFilledIn(t *testing.T) {
	t.Parallel()
	url := serve(t, echo)
	get := call(t, spec(url+`/items/{{.id | urlquery}}?n={{.n}}`), `{"id":"a b/c","n":12345678901234567890}`)
	require.Equal(t, "GET", get.Method)
	require.Equal(t, "/items/a+b%2Fc?n=12345678901234567890", get.URI, "a long number stays what it is")
	require.Empty(t, get.Header.Get("Idempotency-Key"))
	require.Equal(t, "longhaul", get.Header.Get("User-Agent"))

	s := spec(url)
	s.Body = job.Body{Text: `{"text":{{json .text}}}`}
	s.Headers = map[string]string{"Authorization": `Bearer {{env "TOKEN"}}`, "Host": "example.com"}
	post := call(t, s, `{"text":"a \"quoted\" <line>\n"}`)
	require.Equal(t, "POST", post.Method, "with a body")
	require.Equal(t, `{"text":"a \"quoted\" <line>\n"}`, post.Body)
	require.Equal(t, "application/json", post.Header.Get("Content-Type"))
	require.Equal(t, "JOB-42", post.Header.Get("Idempotency-Key"))
	require.Equal(t, "Bearer canary-7261", post.Header.Get("Authorization"))
	require.Equal(t, "example.com", post.Host)

	for value, want := range map[string]string{`"x"`: "/x", `7`: "/7", `[1,2]`: "/2"} {
		text := url + "/{{.}}"
		if value == `[1,2]` {
			text = url + "/{{index . 1}}"
		}
		require.Equal(t, want, call(t, spec(text), value).URI)
	}
	require.Equal(t, "/a%20b?q=x%20y%20HTTP/1.1", call(t, spec(url+`/a b?q={{.}}`), `"x y HTTP/1.1"`).URI)
	s = spec(url)
	s.Body, s.Method = job.Body{Text: "plain text"}, "PUT"
	put := call(t, s, `1`)
	require.Equal(t, "text/plain; charset=utf-8", put.Header.Get("Content-Type"))
	require.Empty(t, put.Header.Get("Idempotency-Key"), "PUT is idempotent already")
}

func TestBadTemplates(t *testing.T) {
	t.Parallel()
	for text, message := range map[string]string{
		"http://x/{{.id":              "call.http.url: the template does not parse",
		"http://x/{{nope .}}":         `function "nope" not defined`,
		"http://x/{{.missing}}":       `record 42: call.http.url: the record has no field missing; it has id`,
		"http://x/{{env \"SECRET\"}}": "call.http.url: no variable SECRET",
		"/relative/{{.id}}":           "call.http.url: is not an absolute http or https URL",
		"ftp://x/{{.id}}":             "call.http.url: is not an absolute http or https URL",
		"http://x:port/":              "call.http.url: is not an absolute http or https URL",
	} {
		c, err := newHTTP(spec(text), Options{Env: env})
		if err == nil {
			err = c.Check(record(`{"id":1}`))
		}
		require.ErrorContains(t, err, message, text)
		require.Equal(t, job.KindSpec, job.KindOf(err))
	}
	s := spec("http://x")
	s.Headers = map[string]string{"X-A": "{{.no}}"}
	require.ErrorContains(t, caller(t, s).Check(record(`{}`)), "call.http.headers.X-A: the record has no field no; it has none")
}

func TestAnswers(t *testing.T) {
	t.Parallel()
	for name, c := range map[string]struct{ body, want string }{
		"JSON":      {`{"a": 1.50}` + "\n", `{"a": 1.50}`},
		"text":      {`hello "you"`, `"hello \"you\""`},
		"nothing":   {"", "null"},
		"bytes":     {"\xff\x00", `{"base64":"/wA=","content_type":"image/x"}`},
		"bad UTF-8": {"\"\xff\"", `{"base64":"Iv8i","content_type":"image/x"}`},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			url := serve(t, func(w http.ResponseWriter, _ *http.Request) {
				w.Header().Set("Content-Type", "image/x")
				_, _ = io.WriteString(w, c.body)
			})
			answer, err := caller(t, spec(url)).Call(t.Context(), record(`1`))
			require.NoError(t, err)
			require.Equal(t, c.want, string(answer.Output))
			require.Equal(t, http.StatusOK, answer.Status)
		})
	}
}

// fail makes a call that must fail.
func fail(t *testing.T, s job.HTTPSpec) *job.CallError {
	t.Helper()
	_, err := caller(t, s).Call(t.Context(), record(`1`))
	var failure *job.CallError
	require.ErrorAs(t, err, &failure)
	return failure
}

func TestWhichStatusIsRetried(t *testing.T) {
	t.Parallel()
	for status, retry := range map[int]bool{400: false, 401: false, 404: false, 408: true, 409: false, 422: false, 425: true, 429: true, 500: true, 502: true, 503: true, 599: true, 304: false} {
		url := serve(t, func(w http.ResponseWriter, _ *http.Request) {
			w.WriteHeader(status)
			if status != 304 {
				_, _ = io.WriteString(w, "postal code unknown")
			}
		})
		failure := fail(t, spec(url))
		require.Equal(t, "http", failure.Kind)
		require.Equal(t, status, failure.Status)
		require.Equal(t, retry, failure.Retry, status)
		if status == 422 {
			require.Equal(t, "Unprocessable Entity: postal code unknown", failure.Message)
		}
	}
}

func TestRetryAfter(t *testing.T) {
	t.Parallel()
	now := time.Date(2026, 1, 1, 12, 0, 0, 0, time.UTC)
	for value, want := range map[string]time.Duration{
		"": 0, "3": 3 * time.Second, " 120 ": 2 * time.Minute, "-5": 0, "soon": 0, "99999999": maxRetryAfter, "99999999999": maxRetryAfter, "18446744073709551616": maxRetryAfter,
		"Thu, 01 Jan 2026 12:00:30 GMT": 30 * time.Second, "Thu, 01 Jan 2026 11:00:00 GMT": 0,
	} {
		require.Equal(t, want, retryAfter(value, now), value)
	}
	url := serve(t, func(w http.ResponseWriter, _ *http.Request) {
		w.Header().Set("Retry-After", "7")
		w.WriteHeader(http.StatusTooManyRequests)
	})
	require.Equal(t, 7*time.Second, fail(t, spec(url)).RetryAfter)
}

func TestFaultsOfTheTransport(t *testing.T) {
	t.Parallel()
	hijack := func(text string) http.HandlerFunc {
		return func(w http.ResponseWriter, _ *http.Request) {
			conn, _, err := w.(http.Hijacker).Hijack()
			if err == nil {
				_, _ = io.WriteString(conn, text)
				_ = conn.Close()
			}
		}
	}
	for name, c := range map[string]struct {
		handler http.HandlerFunc
		kind    string
		retry   bool
	}{
		"reset":                   {hijack(""), "transport", true},
		"half a body":             {hijack("HTTP/1.1 200 OK\r\nContent-Length: 10\r\n\r\nhalf"), "transport", true},
		"garbage":                 {hijack("garbage\r\n\r\n"), "transport", true},
		"slow headers":            {func(_ http.ResponseWriter, r *http.Request) { <-r.Context().Done() }, "timeout", true},
		"slow body":               {func(w http.ResponseWriter, r *http.Request) { w.(http.Flusher).Flush(); <-r.Context().Done() }, "timeout", true},
		"redirect loop":           {func(w http.ResponseWriter, r *http.Request) { http.Redirect(w, r, "/", http.StatusFound) }, "transport", true},
		"a longer body than said": {hijack("HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\n12345"), "", false},
		"no number for a length":  {hijack("HTTP/1.1 200 OK\r\nContent-Length: many\r\n\r\n12345"), "transport", true},
		"10 MB":                   {tenMegabytes, "too_large", false},
		"10 MB, no length":        {func(w http.ResponseWriter, r *http.Request) { w.(http.Flusher).Flush(); tenMegabytes(w, r) }, "too_large", false},
		"too large":               {func(w http.ResponseWriter, _ *http.Request) { _, _ = io.WriteString(w, strings.Repeat("x", 2000)) }, "too_large", false},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			s := spec(serve(t, c.handler) + "/" + "canary-7261")
			s.MaxResponseBytes = 1000
			if c.kind == "timeout" {
				s.Timeout = job.Duration(300 * time.Millisecond)
			}
			if c.kind == "" {
				answer, err := caller(t, s).Call(t.Context(), record(`1`))
				require.NoError(t, err)
				require.Equal(t, "12", string(answer.Output), "as much as was said")
				return
			}
			failure := fail(t, s)
			require.Equal(t, c.kind, failure.Kind, failure)
			require.Equal(t, c.retry, failure.Retry)
			require.NotContains(t, failure.Message, "canary", "the URL may hold a secret")
		})
	}
	refused := fail(t, spec("http://127.0.0.1:1/canary-7261"))
	require.Equal(t, "transport", refused.Kind)
	require.NotContains(t, refused.Message, "canary")
}

func tenMegabytes(w http.ResponseWriter, _ *http.Request) {
	// The caller hangs up long before the end.
	_, _ = w.Write(bytes.Repeat([]byte("x"), 10_000_000))
}

// 10 MB are below the default bound, and come whole.
func TestALargeAnswer(t *testing.T) {
	t.Parallel()
	answer, err := caller(t, spec(serve(t, tenMegabytes))).Call(t.Context(), record(`1`))
	require.NoError(t, err)
	require.Len(t, answer.Output, 10_000_000+len(`""`))
}

func TestAnAbandonedCallReturnsAtOnce(t *testing.T) {
	t.Parallel()
	arrived := make(chan struct{})
	url := serve(t, func(_ http.ResponseWriter, r *http.Request) { close(arrived); <-r.Context().Done() })
	ctx, cancel := context.WithCancel(t.Context())
	go func() { <-arrived; cancel() }()
	_, err := caller(t, spec(url)).Call(ctx, record(`1`))
	require.Error(t, err)
}

func TestConnectionsAreUsedAgain(t *testing.T) {
	t.Parallel()
	const parallelism = 10
	var opened atomic.Int32
	server := httptest.NewUnstartedServer(http.HandlerFunc(echo))
	server.Config.ConnState = func(_ net.Conn, state http.ConnState) {
		if state == http.StateNew {
			opened.Add(1)
		}
	}
	server.Start()
	t.Cleanup(server.Close)
	c := caller(t, spec(server.URL))
	slots := make(chan struct{}, parallelism)
	var all sync.WaitGroup
	for range 10_000 {
		slots <- struct{}{}
		all.Go(func() {
			defer func() { <-slots }()
			if _, err := c.Call(t.Context(), record(`1`)); err != nil {
				t.Error(err)
			}
		})
	}
	all.Wait()
	require.Positive(t, opened.Load())
	// The client gives a connection back a moment after the answer: a busy machine opens one more now and then.
	require.LessOrEqual(t, opened.Load(), int32(2*parallelism))
}

// More calls get more connections; fewer keep those that are there.
func TestConnectionsGrowWithTheParallelism(t *testing.T) {
	t.Parallel()
	c := caller(t, spec("http://127.0.0.1:1"))
	before := c.Load()
	c.Resize(before.Next().MaxConnsPerHost - 1)
	require.Same(t, before, c.Load())
	c.Resize(5000)
	require.Equal(t, 5000, c.Load().Next().MaxConnsPerHost)
}

// The answer to a HEAD says a length that it does not have.
func TestAnAnswerWithoutItsBody(t *testing.T) {
	t.Parallel()
	url := serve(t, func(w http.ResponseWriter, _ *http.Request) { w.Header().Set("Content-Length", "5") })
	s := spec(url)
	s.Method = http.MethodHead
	for range 2 {
		answer, err := caller(t, s).Call(t.Context(), record(`1`))
		require.NoError(t, err)
		require.Equal(t, "null", string(answer.Output))
	}
}
