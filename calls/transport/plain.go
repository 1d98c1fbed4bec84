package transport

import (
	"net/http"
	"net/url"
	"strings"

	"golang.org/x/net/http/httpguts"
)

// maxBody is how long a body may be that is written before the answer is read: it fits into
// the buffers of the two sockets, so that nobody waits for the other.
const maxBody = 64 << 10

// special are headers by which a request is more than one and its answer.
var special = []string{"Connection", "Expect", "Keep-Alive", "Proxy-Connection", "Te", "Trailer", "Transfer-Encoding", "Upgrade"}

// isPlain says whether Direct makes the request itself.
func (d *Direct) isPlain(r *http.Request) bool {
	if r.URL.Scheme != "http" || !isASCII(r.URL.Host) || r.URL.Host == "" || r.Method == http.MethodConnect ||
		r.Close || r.Trailer != nil || r.TransferEncoding != nil || !isShort(r) {
		return false
	}
	for _, name := range special {
		if _, ok := r.Header[name]; ok {
			return false
		}
	}
	for name, values := range r.Header {
		for _, value := range values {
			if !httpguts.ValidHeaderFieldName(name) || !httpguts.ValidHeaderFieldValue(value) {
				return false // the other one says what is wrong
			}
		}
	}
	if d.next.Proxy == nil {
		return true
	}
	proxy, err := d.next.Proxy(r)
	return proxy == nil && err == nil
}

func isShort(r *http.Request) bool {
	return r.Body == nil || r.Body == http.NoBody || r.ContentLength > 0 && r.ContentLength <= maxBody && r.GetBody != nil
}

func isASCII(text string) bool {
	return strings.IndexFunc(text, func(c rune) bool { return c >= 0x80 }) < 0
}

// isReplayable says whether a request may be made again of which nobody knows whether it has
// arrived: as http.Transport does it.
func isReplayable(r *http.Request) bool {
	switch r.Method {
	case http.MethodGet, http.MethodHead, http.MethodOptions, http.MethodTrace, "":
		return true
	}
	_, own := r.Header["Idempotency-Key"]
	_, old := r.Header["X-Idempotency-Key"]
	return own || old
}

func addressOf(u *url.URL) string {
	switch {
	case u.Port() != "":
		return u.Host
	case strings.HasSuffix(u.Host, ":"):
		return u.Host + "80"
	default:
		return u.Host + ":80"
	}
}
