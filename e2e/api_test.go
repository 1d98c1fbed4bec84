package e2e

import (
	"context"
	"fmt"
	"net/http"
	"net/http/httptest"
	"strconv"
	"strings"
	"sync/atomic"
	"testing"
	"time"

	"github.com/stretchr/testify/require"
)

// countingAPI answers after a while and counts the calls of every record.
type countingAPI struct {
	*httptest.Server
	latency time.Duration
	perCall []atomic.Int32
	total   atomic.Int64
	// answered counts answers that were written while the caller was there.
	inFlight, most atomic.Int64
	// marks are closed when that many calls have been made.
	marks map[int64]chan struct{}
}

// newCountingAPI is for records 0..n-1; its marks tell when so many calls have
// been made.
func newCountingAPI(t *testing.T, n int, latency time.Duration, marks ...int64) *countingAPI {
	t.Helper()
	a := &countingAPI{latency: latency, perCall: make([]atomic.Int32, n), marks: map[int64]chan struct{}{}}
	for _, mark := range marks {
		a.marks[mark] = make(chan struct{})
	}
	a.Server = httptest.NewServer(a)
	t.Cleanup(a.Close)
	return a
}

func (a *countingAPI) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	index, err := strconv.Atoi(strings.TrimPrefix(r.URL.Path, "/"))
	if err != nil || index < 0 || index >= len(a.perCall) {
		http.Error(w, "no such record", http.StatusNotFound)
		return
	}
	now := a.inFlight.Add(1)
	defer a.inFlight.Add(-1)
	for most := a.most.Load(); now > most && !a.most.CompareAndSwap(most, now); most = a.most.Load() {
	}
	a.perCall[index].Add(1)
	if mark, ok := a.marks[a.total.Add(1)]; ok {
		close(mark)
	}
	select {
	case <-time.After(a.latency):
	case <-r.Context().Done():
		return
	}
	fmt.Fprintf(w, `{"square":%d}`, index*index)
}

// repeated is how many calls were made beyond one for each record.
func (a *countingAPI) repeated(t *testing.T) int64 {
	t.Helper()
	for i := range a.perCall {
		require.Positive(t, a.perCall[i].Load(), "record %d was never called", i)
	}
	return a.total.Load() - int64(len(a.perCall))
}

// awaitInFlight waits until no more calls than the limit are in flight: those that were when the
// limit was lowered end in their own time.
func (a *countingAPI) awaitInFlight(t *testing.T, limit int64) {
	t.Helper()
	require.Eventually(t, func() bool { return a.inFlight.Load() <= limit }, 20*time.Second, 5*time.Millisecond)
}

// await fails the test if the mark is not reached in time.
func (a *countingAPI) await(t *testing.T, mark int64) {
	t.Helper()
	await(t, a.marks[mark], fmt.Sprintf("%d calls (%d so far)", mark, a.total.Load()))
}

func await(t *testing.T, event <-chan struct{}, what string) {
	t.Helper()
	ctx, cancel := context.WithTimeout(t.Context(), 2*time.Minute)
	defer cancel()
	select {
	case <-event:
	case <-ctx.Done():
		require.FailNow(t, "waited too long for "+what)
	}
}
