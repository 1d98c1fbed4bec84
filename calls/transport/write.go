package transport

import (
	"bufio"
	"errors"
	"io"
	"net/http"
	"strconv"
	"strings"

	"golang.org/x/net/http/httpguts"
)

// defaultUserAgent is that of net/http.
const defaultUserAgent = "Go-http-client/1.1"

// written are the headers that write makes of other parts of a request.
var written = map[string]bool{"Host": true, "User-Agent": true, "Content-Length": true, "Transfer-Encoding": true, "Trailer": true}

// write writes a plain request as http.Request.Write does, with the header that asks for gzip
// where http.Transport adds it: for that, the request would have to be copied first.
func write(w *bufio.Writer, r *http.Request) error {
	host := r.Host
	if host == "" {
		host = r.URL.Host
	}
	host = withoutZone(host)
	if !httpguts.ValidHostHeader(host) {
		host = "" // as net/http does
	}
	method, uri := r.Method, r.URL.RequestURI()
	if method == "" {
		method = http.MethodGet
	}
	if strings.ContainsFunc(uri, isControl) {
		return errors.New("net/http: can't write control character in Request.URL")
	}
	agent := defaultUserAgent
	if own, ok := r.Header["User-Agent"]; ok {
		agent = strings.TrimSpace(own[0])
	}
	for _, text := range []string{method, " ", uri, " HTTP/1.1\r\nHost: ", host, "\r\n"} {
		_, _ = w.WriteString(text) // Flush has the error
	}
	if agent != "" {
		writeHeader(w, "User-Agent", agent)
	}
	hasBody := r.Body != nil && r.Body != http.NoBody
	if hasBody || method == http.MethodPost || method == http.MethodPut || method == http.MethodPatch {
		writeHeader(w, "Content-Length", strconv.FormatInt(r.ContentLength, 10))
	}
	if err := r.Header.WriteSubset(w, written); err != nil {
		return err
	}
	if asksForGzip(r) {
		writeHeader(w, "Accept-Encoding", "gzip")
	}
	_, _ = w.WriteString("\r\n")
	if r.Body == nil {
		return nil
	}
	_, err := io.Copy(w, r.Body)
	return errors.Join(err, r.Body.Close())
}

func writeHeader(w *bufio.Writer, name, value string) {
	for _, text := range []string{name, ": ", value, "\r\n"} {
		_, _ = w.WriteString(text)
	}
}

func isControl(c rune) bool { return c < ' ' || c == 0x7f }

// withoutZone drops the zone of an IPv6 address.
func withoutZone(host string) string {
	if !strings.HasPrefix(host, "[") {
		return host
	}
	end := strings.LastIndex(host, "]")
	zone := strings.LastIndex(host[:max(end, 0)], "%")
	if end < 0 || zone < 0 {
		return host
	}
	return host[:zone] + host[end:]
}
