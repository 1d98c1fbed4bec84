// Command bare is the loop that one would write by hand: net/http, a number of goroutines, and
// a file of answers. It keeps no journal, tries nothing again, and resumes nothing. The
// benchmarks compare with it.
package main

import (
	"bufio"
	"bytes"
	"context"
	"crypto/tls"
	"crypto/x509"
	"encoding/json"
	"errors"
	"flag"
	"fmt"
	"io"
	"log"
	"net/http"
	"net/url"
	"os"
	"strconv"
	"sync"
	"time"
)

// timeout is the default of Longhaul's calls.
const timeout = 30 * time.Second

type loop struct {
	url, ca     string
	count       int
	parallelism int
	input       string
	http1       bool
	client      *http.Client

	mu  sync.Mutex
	out *bufio.Writer
}

// record is a line of the input, as the loop has to know it.
type record struct {
	ID   int64   `json:"id"`
	Name string  `json:"name"`
	Note string  `json:"note"`
	Size float64 `json:"size"`
}

func main() {
	var l loop
	output := flag.String("output", "", "file of the answers")
	flag.StringVar(&l.url, "url", "", "base URL of the API")
	flag.StringVar(&l.ca, "ca", "", "certificates of the API, PEM")
	flag.IntVar(&l.count, "count", 0, "how many calls")
	flag.IntVar(&l.parallelism, "parallelism", 200, "how many at once")
	flag.StringVar(&l.input, "input", "", "JSONL file of records; empty for numbers")
	flag.BoolVar(&l.http1, "http1", false, "no HTTP/2")
	flag.Parse()
	if err := l.run(*output); err != nil {
		log.Fatal(err)
	}
}

func (l *loop) run(output string) error {
	file, err := os.Create(output)
	if err != nil {
		return err
	}
	l.out = bufio.NewWriter(file)
	if l.client, err = l.newClient(); err != nil {
		return err
	}
	records := make(chan []byte, l.parallelism)
	failed := make(chan error, l.parallelism)
	var calls sync.WaitGroup
	for range l.parallelism {
		calls.Go(func() {
			for line := range records {
				if err := l.call(line); err != nil {
					select {
					case failed <- err:
					default:
					}
				}
			}
		})
	}
	err = l.feed(records)
	close(records)
	calls.Wait()
	close(failed)
	for failure := range failed {
		err = errors.Join(err, failure)
	}
	return errors.Join(err, l.out.Flush(), file.Close())
}

func (l *loop) newClient() (*http.Client, error) {
	t := http.DefaultTransport.(*http.Transport).Clone()
	t.MaxIdleConns, t.MaxIdleConnsPerHost, t.MaxConnsPerHost = 0, l.parallelism, l.parallelism
	if l.ca != "" {
		pem, err := os.ReadFile(l.ca)
		if err != nil {
			return nil, err
		}
		pool := x509.NewCertPool()
		pool.AppendCertsFromPEM(pem)
		t.TLSClientConfig = &tls.Config{RootCAs: pool, MinVersion: tls.VersionTLS12}
	}
	if l.http1 {
		t.Protocols = new(http.Protocols)
		t.Protocols.SetHTTP1(true)
	}
	return &http.Client{Transport: t}, nil
}

func (l *loop) feed(records chan<- []byte) error {
	if l.input == "" {
		for i := range l.count {
			records <- strconv.AppendInt(nil, int64(i), 10)
		}
		return nil
	}
	file, err := os.Open(l.input)
	if err != nil {
		return err
	}
	defer file.Close()
	lines := bufio.NewScanner(file)
	for lines.Scan() {
		records <- bytes.Clone(lines.Bytes())
	}
	return lines.Err()
}

func (l *loop) call(line []byte) error {
	ctx, cancel := context.WithTimeout(context.Background(), timeout)
	defer cancel()
	request, err := l.request(ctx, line)
	if err != nil {
		return err
	}
	response, err := l.client.Do(request)
	if err != nil {
		return err
	}
	defer response.Body.Close()
	body, err := io.ReadAll(response.Body)
	if err != nil {
		return err
	}
	if response.StatusCode != http.StatusOK {
		return fmt.Errorf("%s: %s", line, response.Status)
	}
	l.mu.Lock()
	defer l.mu.Unlock()
	_, err = fmt.Fprintf(l.out, `{"input":%s,"output":%s}`+"\n", line, bytes.TrimSpace(body))
	return err
}

func (l *loop) request(ctx context.Context, line []byte) (*http.Request, error) {
	if l.input == "" {
		return http.NewRequestWithContext(ctx, http.MethodGet, l.url+"/"+string(line), nil)
	}
	var r record
	if err := json.Unmarshal(line, &r); err != nil {
		return nil, err
	}
	body, err := json.Marshal(map[string]any{"name": r.Name, "note": r.Note, "size": r.Size})
	if err != nil {
		return nil, err
	}
	request, err := http.NewRequestWithContext(ctx, http.MethodPost, l.url+"/"+url.PathEscape(strconv.FormatInt(r.ID, 10)), bytes.NewReader(body))
	if err == nil {
		request.Header.Set("Content-Type", "application/json")
	}
	return request, err
}
