package transport

import (
	"context"
	"errors"
	"io"
	"net"
	"net/http"
	"net/http/httptest"
	"sync/atomic"
	"testing"
	"time"

	"github.com/stretchr/testify/require"
)

// A request ends with its context, wherever it is, with the context's cause, and its
// connection is not used again.
func TestARequestEndsWithItsContext(t *testing.T) {
	t.Parallel()
	reason := errors.New("cut off")
	for name, c := range map[string]struct {
		answer string
		begin  func(context.Context) (context.Context, func())
		want   error
	}{
		"canceled before the answer": {"", canceledWith(reason), reason},
		"canceled in the body":       {"HTTP/1.1 200 OK\r\nContent-Length: 10\r\n\r\nhalf", canceledWith(reason), reason},
		"too late for the header":    {"", timeout, context.DeadlineExceeded},
		"too late for the body":      {"HTTP/1.1 200 OK\r\nContent-Length: 10\r\n\r\nhalf", timeout, context.DeadlineExceeded},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			both(t, func(t *testing.T, rt http.RoundTripper, dialed *atomic.Int64) {
				release := make(chan struct{})
				t.Cleanup(func() { close(release) })
				server := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
					if r.URL.Path != "/slow" {
						return
					}
					conn, out, err := w.(http.Hijacker).Hijack()
					if err != nil {
						return
					}
					_, _ = io.WriteString(out, c.answer)
					_ = out.Flush()
					<-release
					_ = conn.Close()
				}))
				t.Cleanup(server.Close)
				require.Equal(t, 200, do(t, rt, request(t, http.MethodGet, server.URL, "")).Status)
				ctx, end := c.begin(t.Context())
				defer end()
				response, err := rt.RoundTrip(request(t, http.MethodPost, server.URL+"/slow", "x").WithContext(ctx))
				if c.answer != "" {
					require.NoError(t, err)
					_, err = io.ReadAll(response.Body)
					require.NoError(t, response.Body.Close())
				}
				require.ErrorIs(t, err, c.want)
				require.Equal(t, 200, do(t, rt, request(t, http.MethodGet, server.URL, "")).Status)
				require.EqualValues(t, 2, dialed.Load())

				ended, cut := context.WithCancelCause(t.Context())
				cut(reason)
				_, err = rt.RoundTrip(request(t, http.MethodGet, server.URL, "").WithContext(ended)) //nolint:bodyclose // there is none
				require.ErrorIs(t, err, reason)
			})
		})
	}
}

func canceledWith(reason error) func(context.Context) (context.Context, func()) {
	return func(ctx context.Context) (context.Context, func()) {
		ctx, cancel := context.WithCancelCause(ctx)
		timer := time.AfterFunc(100*time.Millisecond, func() { cancel(reason) })
		return ctx, func() { timer.Stop(); cancel(nil) }
	}
}

func timeout(ctx context.Context) (context.Context, func()) {
	return context.WithTimeout(ctx, 100*time.Millisecond)
}

// A connection that the server has closed meanwhile is not used.
func TestAConnectionThatTheServerHasClosed(t *testing.T) {
	t.Parallel()
	d, dialed := only(t)
	closed := make(chan struct{}, 100)
	server := httptest.NewUnstartedServer(http.HandlerFunc(func(http.ResponseWriter, *http.Request) {}))
	server.Config.IdleTimeout = 20 * time.Millisecond
	server.Config.ConnState = func(_ net.Conn, state http.ConnState) {
		if state == http.StateClosed {
			closed <- struct{}{}
		}
	}
	server.Start()
	t.Cleanup(server.Close)
	for range 3 {
		require.Equal(t, 200, do(t, d, request(t, http.MethodPatch, server.URL, "x")).Status)
		<-closed
		<-time.After(looksAfter)
	}
	require.EqualValues(t, 3, dialed.Load())
}

// A connection that the server closes instead of an answer is used once more for a request
// that may be made again, and for no other.
func TestStaleConnections(t *testing.T) {
	t.Parallel()
	for name, c := range map[string]struct {
		method, key string
		again       bool
	}{"GET": {http.MethodGet, "", true}, "POST": {http.MethodPost, "", false}, "POST with a key": {http.MethodPost, "k", true}} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			both(t, func(t *testing.T, rt http.RoundTripper, _ *atomic.Int64) {
				server := newScript(t, func(conn int) []string {
					if conn == 1 {
						return []string{ok, ""} // reads the second request, and closes
					}
					return []string{ok}
				})
				require.Equal(t, 200, do(t, rt, request(t, http.MethodGet, server.url, "")).Status)
				r := request(t, c.method, server.url, "body")
				if c.key != "" {
					r.Header.Set("Idempotency-Key", c.key)
				}
				require.Equal(t, !c.again, do(t, rt, r).Err)
				if c.again {
					require.Len(t, server.requests(), 3)
					require.Contains(t, server.requests()[2], "body")
				}
			})
		})
	}
}

// A connection whose request's context has ended is not kept, also if the answer was there: it
// may still be interrupted when another request has it.
func TestAConnectionThatMayBeInterrupted(t *testing.T) {
	t.Parallel()
	d, dialed := only(t)
	server := newScript(t, func(int) []string { return []string{ok, ok} })
	soon, end := context.WithTimeout(t.Context(), 10*time.Second)
	defer end()
	ctx, cancel := context.WithCancel(soon)
	response, err := d.RoundTrip(request(t, http.MethodGet, server.url, "").WithContext(ctx))
	require.NoError(t, err)
	cancel()
	_, err = io.ReadAll(response.Body)
	require.NoError(t, err, "it has come already")
	require.NoError(t, response.Body.Close())
	require.Equal(t, "ok", do(t, d, request(t, http.MethodGet, server.url, "").WithContext(soon)).Body)
	require.EqualValues(t, 2, dialed.Load())
}
