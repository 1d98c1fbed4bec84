package e2e

import (
	"fmt"
	"net"
	"net/http"
	"net/http/httptest"
	"sync/atomic"
	"testing"
	"time"

	"github.com/stretchr/testify/require"
)

// A job that has ended, well or not, keeps no connection open.
func TestAnEndedJobKeepsNoConnection(t *testing.T) {
	t.Parallel()
	var open, most atomic.Int64
	api := httptest.NewUnstartedServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		<-time.After(10 * time.Millisecond)
		if r.URL.Path == "/7" {
			http.Error(w, "no", http.StatusNotFound)
			return
		}
		fmt.Fprint(w, "1")
	}))
	api.Config.ConnState = func(_ net.Conn, state http.ConnState) {
		switch state {
		case http.StateNew:
			most.Store(max(most.Load(), open.Add(1)))
		case http.StateClosed, http.StateHijacked:
			open.Add(-1)
		default:
		}
	}
	api.Start()
	t.Cleanup(api.Close)
	root, id := t.TempDir(), newID(t)
	startWorker(t, shared, root, id)
	for _, tolerated := range []float64{1, 0} {
		spec := httpSpec(api.URL, 1000, 20)
		spec.Output.URI = fmt.Sprintf("out%g", tolerated)
		spec.MaxFailures.Value, spec.MaxFailures.Percent = tolerated, false
		err := startJob(t, shared, id, spec).Get(t.Context(), nil)
		require.Equal(t, tolerated == 0, err != nil, err)
		require.Positive(t, most.Load())
		require.Eventually(t, func() bool { return open.Load() == 0 }, 20*time.Second, 20*time.Millisecond, "they stay for a minute and a half otherwise")
	}
}
