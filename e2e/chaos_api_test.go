package e2e

import (
	"fmt"
	"math/rand/v2"
	"net/http"
	"net/http/httptest"
	"strconv"
	"sync"
	"testing"
	"time"
)

// workerHeader names the worker that makes a call.
const workerHeader = "X-Chaos-Worker"

// chaosAPI is what the jobs of a campaign call, at /<job>/<record>. It counts, and its
// counts are what the campaign is judged by.
type chaosAPI struct {
	*httptest.Server
	seed uint64

	mu   sync.Mutex
	jobs map[int]*jobCalls
	open map[*chaosCall]struct{}
	// stopped are the workers that SIGSTOP has stopped.
	stopped map[string]bool
	// broken are the promises that were broken.
	broken []string
}

func newChaosAPI(t *testing.T, seed uint64) *chaosAPI {
	t.Helper()
	a := &chaosAPI{seed: seed, jobs: map[int]*jobCalls{}, open: map[*chaosCall]struct{}{}, stopped: map[string]bool{}}
	a.Server = httptest.NewServer(a)
	t.Cleanup(a.Close)
	return a
}

// traits of a record are how long its call takes, whether it is refused until the API is
// repaired, and whether its first call fails and is to be tried again.
type traits struct {
	latency          time.Duration
	refused, retried bool
}

// isSlow says whether many calls of a job take longer than the heartbeat timeout: whoever is
// cut off has to end them, and to begin no other.
func isSlow(job int) bool { return job%4 == 3 }

func (a *chaosAPI) traits(job, record int) traits {
	draw := rand.New(rand.NewPCG(a.seed+uint64(job)<<32, uint64(record)))
	var of traits
	long := 0.004
	if isSlow(job) {
		long = 0.3
	}
	switch p := draw.Float64(); {
	case p < long:
		of.latency = chaosHeartbeat/2 + time.Duration(draw.Int64N(int64(2*chaosHeartbeat)))
	case p < 0.2:
		of.latency = 60*time.Millisecond + time.Duration(draw.Int64N(int64(200*time.Millisecond)))
	default:
		of.latency = 2*time.Millisecond + time.Duration(draw.Int64N(int64(60*time.Millisecond)))
	}
	switch p := draw.Float64(); {
	case p < 0.015:
		of.refused = true
	case p < 0.03:
		of.retried = true
	}
	return of
}

func (a *chaosAPI) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	var job, record int
	if _, err := fmt.Sscanf(r.URL.Path, "/%d/%d", &job, &record); err != nil {
		http.Error(w, "no such record", http.StatusNotFound)
		return
	}
	of := a.traits(job, record)
	call, status := a.begin(job, record, of, r.Header.Get(workerHeader))
	if call == nil {
		http.Error(w, "no such record", http.StatusNotFound)
		return
	}
	answered := true
	select {
	case <-time.After(of.latency):
	case <-r.Context().Done():
		answered = false
	}
	// Before the answer can arrive: then another call may begin.
	a.end(call, record, answered && status == http.StatusInternalServerError)
	if status != http.StatusOK {
		http.Error(w, "record "+strconv.Itoa(record)+" is refused", status)
		return
	}
	fmt.Fprintf(w, `{"job":%d,"square":%d}`, job, record*record)
}
