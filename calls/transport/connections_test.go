package transport

import (
	"net"
	"net/http"
	"net/http/httptest"
	"sync"
	"sync/atomic"
	"testing"
	"testing/synctest"
	"time"

	"github.com/stretchr/testify/require"
)

// Many at once open no more connections than there are requests, and use them again.
func TestConnectionsAreUsedAgain(t *testing.T) {
	t.Parallel()
	server := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) { _, _ = w.Write([]byte(r.URL.Path)) }))
	t.Cleanup(server.Close)
	d, dialed := only(t)
	var running sync.WaitGroup
	for range 20 {
		running.Go(func() {
			for range 50 {
				if got := do(t, d, request(t, http.MethodGet, server.URL+"/x", "")); got.Body != "/x" {
					t.Errorf("%+v", got)
				}
			}
		})
	}
	running.Wait()
	require.LessOrEqual(t, dialed.Load(), int64(20))
}

// closing counts what is closed.
type closing struct {
	net.Conn
	closed *atomic.Int64
}

func (c closing) Close() error { c.closed.Add(1); return nil }

func TestConnectionsThatNobodyUsesAreClosed(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		kept := newConnections(&http.Transport{MaxIdleConnsPerHost: 3, IdleConnTimeout: time.Minute})
		var closed atomic.Int64
		add := func() { kept.put(newConnection(closing{closed: &closed}, "a", &kept)) }
		require.Nil(t, kept.take("a"))
		for range 4 {
			add()
		}
		require.EqualValues(t, 1, closed.Load(), "there are too many")
		<-time.After(40 * time.Second)
		c := kept.take("a")
		require.NotNil(t, c)
		kept.put(c)
		<-time.After(40 * time.Second)
		add()
		require.EqualValues(t, 3, closed.Load(), "two were not used for longer")
		<-time.After(2 * time.Minute)
		require.Nil(t, kept.take("a"))
		require.EqualValues(t, 5, closed.Load(), "the others are too old by now")
		add()
		c = kept.take("a")
		add()
		kept.close()
		require.EqualValues(t, 6, closed.Load())
		kept.put(c)
		require.EqualValues(t, 7, closed.Load(), "as soon as it is free")
	})
}
