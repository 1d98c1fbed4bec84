package calls

import (
	"crypto/tls"
	"errors"
	"net/http"
	"net/textproto"
	"net/url"
	"slices"
	"strings"
)

// maxRedirects is that of the default client.
const maxRedirects = 10

// harmless are headers of a spec that say nothing secret, and that every host may see.
var harmless = []string{"Accept", "Accept-Encoding", "Accept-Language", "Content-Type", "User-Agent"}

// redirects follows redirects. The headers of the spec were meant for the first origin
// (scheme, host and port): after a redirect to another one they are not sent any more, as
// a key would go to a host that nobody named. The default client drops only some of them,
// and tells the next host the URL, with its query, in the Referer.
func redirects(headers map[string]string) func(*http.Request, []*http.Request) error {
	var secret []string
	for name := range headers {
		if name = textproto.CanonicalMIMEHeaderKey(name); !slices.Contains(harmless, name) {
			secret = append(secret, name)
		}
	}
	return func(next *http.Request, via []*http.Request) error {
		if len(via) >= maxRedirects {
			return errors.New("stopped after 10 redirects")
		}
		first := originOf(via[0].URL)
		left := func(r *http.Request) bool { return originOf(r.URL) != first }
		if left(next) || slices.ContainsFunc(via, left) {
			for _, name := range secret {
				next.Header.Del(name)
			}
			next.Header.Del("Referer")
			next.Host = "" // that of its URL
		}
		return nil
	}
}

// send makes a request, and follows redirects. Only these need an http.Client, which copies
// the headers of each request for what may follow.
func (c *httpCaller) send(r *http.Request) (*http.Response, error) {
	if u := r.URL.User; u != nil && r.Header.Get("Authorization") == "" { // as http.Client does
		password, _ := u.Password()
		r.Header = r.Header.Clone() // other requests have it too
		r.SetBasicAuth(u.Username(), password)
	}
	response, err := c.hosts.RoundTrip(r)
	if err != nil {
		return nil, asOfClient(err)
	}
	if !isRedirect(response.StatusCode) {
		return response, nil
	}
	client := http.Client{Transport: &resumed{first: response, next: c.hosts}, CheckRedirect: c.redirects}
	return client.Do(r)
}

// asOfClient is the error as http.Client says it.
func asOfClient(err error) error {
	var spoken tls.RecordHeaderError
	if errors.As(err, &spoken) && string(spoken.RecordHeader[:]) == "HTTP/" {
		return http.ErrSchemeMismatch
	}
	return err
}

func isRedirect(status int) bool {
	switch status {
	case http.StatusMovedPermanently, http.StatusFound, http.StatusSeeOther, http.StatusTemporaryRedirect, http.StatusPermanentRedirect:
		return true
	}
	return false
}

// resumed has the answer to the first request already.
type resumed struct {
	first *http.Response
	next  http.RoundTripper
}

func (s *resumed) RoundTrip(r *http.Request) (*http.Response, error) {
	if first := s.first; first != nil {
		s.first = nil
		return first, closeBody(r)
	}
	return s.next.RoundTrip(r)
}

// originOf is scheme, host and port, the default port included.
func originOf(u *url.URL) string {
	port := u.Port()
	switch {
	case port != "":
	case u.Scheme == "https":
		port = "443"
	default:
		port = "80"
	}
	return strings.ToLower(u.Scheme + "://" + u.Hostname() + ":" + port)
}
