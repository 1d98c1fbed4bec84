// Command slowapi is a small slow HTTP API, for demos and tests. It answers
// JSON about the last part of the path after about 100 ms, now and then 503, and
// rarely 429 with Retry-After. Its calls are counted: GET /_count.
package main

import (
	"context"
	"encoding/json"
	"errors"
	"flag"
	"fmt"
	"hash/fnv"
	"log"
	"math/rand/v2"
	"net"
	"net/http"
	"os"
	"path"
	"strconv"
	"strings"
	"sync/atomic"
	"time"
	"unicode/utf8"
)

type api struct {
	latency, jitter  time.Duration
	unavailable      float64
	throttled        float64
	retryAfterSecond int
	size             int
	slow             float64
	slowLatency      time.Duration
	ca               string
	http1            bool
	capacity         capacity
	calls            atomic.Int64
}

func main() {
	var a api
	address := flag.String("listen", "127.0.0.1:0", "address to listen on; port 0 takes a free one")
	addressFile := flag.String("address-file", "", "file to write the base URL to")
	flag.DurationVar(&a.latency, "latency", 100*time.Millisecond, "mean time to answer")
	flag.DurationVar(&a.jitter, "jitter", 20*time.Millisecond, "standard deviation of that time")
	flag.Float64Var(&a.unavailable, "unavailable", 0.01, "share of calls answered with 503")
	flag.Float64Var(&a.throttled, "throttled", 0.0003, "share of calls answered with 429 and Retry-After")
	flag.IntVar(&a.retryAfterSecond, "retry-after", 1, "seconds in Retry-After")
	flag.IntVar(&a.size, "size", 0, "bytes that an answer has at least")
	flag.Float64Var(&a.slow, "slow", 0, "share of the records whose calls take -slow-latency; always the same records")
	flag.DurationVar(&a.slowLatency, "slow-latency", 3*time.Second, "time to answer a call for a slow record")
	flag.StringVar(&a.ca, "tls-ca", "", "serve HTTPS, with a certificate of its own that is written to this file")
	flag.BoolVar(&a.http1, "http1", false, "with -tls-ca: no HTTP/2")
	flag.IntVar(&a.capacity.calls, "capacity", 0, "calls that are served at once; 0 for any number; PUT /_capacity?calls=N changes it")
	flag.IntVar(&a.capacity.refuses, "refuse", 0, "HTTP status for calls beyond -capacity, such as 429 or 503; 0 has them wait for their turn")
	flag.Parse()
	if err := a.serve(*address, *addressFile); err != nil {
		log.Fatal(err)
	}
}

func (a *api) serve(address, addressFile string) error {
	listener, err := new(net.ListenConfig).Listen(context.Background(), "tcp", address)
	if err != nil {
		return err
	}
	server := &http.Server{ReadHeaderTimeout: 10 * time.Second}
	url := "http://" + listener.Addr().String()
	if a.ca != "" {
		url = "https://" + listener.Addr().String()
		if server.TLSConfig, err = selfSigned(a.ca); err != nil {
			return err
		}
	}
	if a.http1 {
		server.Protocols = new(http.Protocols)
		server.Protocols.SetHTTP1(true)
	}
	if addressFile != "" {
		// Renamed into place, so that nobody reads half of it.
		err := os.WriteFile(addressFile+".tmp", []byte(url), 0o644)
		if err := errors.Join(err, os.Rename(addressFile+".tmp", addressFile)); err != nil {
			return err
		}
	}
	mux := http.NewServeMux()
	mux.HandleFunc("GET /_count", func(w http.ResponseWriter, _ *http.Request) { fmt.Fprintln(w, a.calls.Load()) })
	mux.Handle("/_capacity", &a.capacity)
	mux.HandleFunc("/", a.answer)
	server.Handler = mux
	if server.TLSConfig != nil {
		return server.ServeTLS(listener, "", "")
	}
	return server.Serve(listener)
}

// latencyOf is how long the call for a path takes.
func (a *api) latencyOf(path string) time.Duration {
	hash := fnv.New64a()
	_, _ = hash.Write([]byte(path)) // it never fails
	if rand.New(rand.NewPCG(hash.Sum64(), 0)).Float64() < a.slow {
		return a.slowLatency
	}
	return a.latency + time.Duration(rand.NormFloat64()*float64(a.jitter))
}

func (a *api) answer(w http.ResponseWriter, r *http.Request) {
	a.calls.Add(1)
	if err := a.capacity.enter(r.Context()); errors.Is(err, errRefused) {
		http.Error(w, err.Error(), a.capacity.refuses)
		return
	} else if err != nil {
		return
	}
	defer a.capacity.leave()
	select {
	case <-time.After(a.latencyOf(r.URL.Path)):
	case <-r.Context().Done():
		return
	}
	switch dice := rand.Float64(); {
	case dice < a.throttled:
		w.Header().Set("Retry-After", strconv.Itoa(a.retryAfterSecond))
		http.Error(w, "slow down", http.StatusTooManyRequests)
	case dice < a.throttled+a.unavailable:
		http.Error(w, "try again", http.StatusServiceUnavailable)
	default:
		name := path.Base(r.URL.Path)
		w.Header().Set("Content-Type", "application/json")
		// The caller may be gone; then nobody needs the answer.
		answer := map[string]any{"name": name, "letters": utf8.RuneCountInString(name)}
		if a.size > 0 {
			answer["text"] = strings.Repeat("text ", a.size/5)
		}
		_ = json.NewEncoder(w).Encode(answer)
	}
}
