package calls

import (
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
