package calls

import (
	"net"
	"net/http"
	"net/netip"
	"net/url"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"

	"longhaul/job"
)

// guarded makes a call on a worker that allows these hosts.
func guarded(t *testing.T, url string, allow ...string) error {
	t.Helper()
	c, err := newHTTP(spec(url), Options{Parallelism: 1, Env: env, AllowHosts: allow})
	require.NoError(t, err)
	_, err = c.Call(t.Context(), record(`1`))
	return err
}

func requireForbidden(t *testing.T, err error, host string) {
	t.Helper()
	var failure *job.CallError
	require.ErrorAs(t, err, &failure)
	require.Equal(t, "forbidden", failure.Kind)
	require.False(t, failure.Retry)
	require.Contains(t, failure.Message, host)
}

func TestHostsAreTheWorkersSay(t *testing.T) {
	t.Parallel()
	url := serve(t, echo)
	_, port, err := net.SplitHostPort(strings.TrimPrefix(url, "http://"))
	require.NoError(t, err)
	byName := "http://localhost:" + port
	require.NoError(t, guarded(t, url))
	require.NoError(t, guarded(t, byName, "*.example.com", "LOCAL*"))
	requireForbidden(t, guarded(t, "http://[::1%25.example.com]:"+port, "*.example.com"), "::1") // any text can be a zone
	requireForbidden(t, guarded(t, url, "*.example.com"), "127.0.0.1")

	redirect := serve(t, func(w http.ResponseWriter, r *http.Request) { http.Redirect(w, r, byName, http.StatusFound) })
	require.NoError(t, guarded(t, redirect))
	requireForbidden(t, guarded(t, redirect, "127.0.0.1"), "localhost")

	_, err = newHTTP(spec(url), Options{Env: env, AllowHosts: []string{"[a"}})
	require.ErrorContains(t, err, `"[a" is not a pattern`)
}

// answering stands where the network would be: nothing here can connect, also
// if the guard is broken.
type answering func(*http.Request) *http.Response

func (f answering) RoundTrip(r *http.Request) (*http.Response, error) { return f(r), nil }

func TestMetadataAddressesAreWithheld(t *testing.T) {
	t.Parallel()
	redirect := answering(func(r *http.Request) *http.Response {
		if r.URL.Hostname() != "example.com" {
			t.Errorf("%s was reached", r.URL)
		}
		return &http.Response{
			StatusCode: http.StatusFound, Request: r, Body: http.NoBody,
			Header: http.Header{"Location": {"http://169.254.169.254/"}},
		}
	})
	for _, url := range []string{"http://169.254.169.254/latest/meta-data", "http://[fd00:ec2::254]/", "http://[::ffff:169.254.169.254]/", "http://100.100.100.200/", "http://example.com/",
		"http://[fd00:ec2::23]/", "http://[fd20:ce::254]/", "http://168.63.129.16/", "http://[fd00:c1::a9fe:a9fe]/", "http://metadata.google.internal/", "http://Metadata.goog./",
		"http://2852039166/", "http://0xa9fea9fe/", "http://0251.0376.43518/", "http://169.254.169.254./", "http://１６９.254。169.254/", "http://metadata。google。internal/",
		"http://[64:ff9b::169.254.169.254]/", "http://[64:ff9b:1::169.254.169.254]/", "http://[2002:a9fe:a9fe::1]/", "http://[::169.254.169.254]/", "http://[::ffff:0:169.254.169.254]/"} {
		for _, patterns := range [][]string{nil, {"*"}} { // a * is about names
			g := newGuard(patterns)
			g.next = redirect
			c := caller(t, spec(url))
			c.hosts = g
			_, err := c.Call(t.Context(), record(`1`))
			requireForbidden(t, err, "metadata address")
		}
	}
	g := newGuard([]string{"169.254.1.2"})
	require.NoError(t, g.control("tcp", "169.254.1.2:80", nil), "if it is meant")
	require.Error(t, g.control("tcp", "169.254.1.3:80", nil))
	require.Error(t, g.control("tcp6", "[fe80::1%eth0]:80", nil))
	for _, address := range []string{"93.184.216.34:80", "[2606:2800:21f::1]:80", "[64:ff9b::5db8:d822]:80", "[2002:5db8:d822::1]:80", "[::1]:80", "[fd00:ec3::1]:80"} {
		require.NoError(t, g.control("tcp", address, nil), address)
	}
}

// A name leads where DNS says: the address counts, shown with the loopback.
func TestTheAddressAfterDNSCounts(t *testing.T) {
	t.Parallel()
	url := serve(t, echo)
	_, port, err := net.SplitHostPort(strings.TrimPrefix(url, "http://"))
	require.NoError(t, err)
	g := newGuard(nil)
	g.withheld = []netip.Prefix{netip.MustParsePrefix("127.0.0.0/8"), netip.MustParsePrefix("::1/128")}
	g.next = newTransport(1, g.dialer())
	c := caller(t, spec("http://localhost:"+port))
	c.hosts = g
	_, err = c.Call(t.Context(), record(`1`))
	requireForbidden(t, err, "metadata address")
}

// Behind a proxy the connection is not ours: a name that can be resolved here is checked
// before the request goes to the proxy.
func TestANameIsCheckedBeforeAProxy(t *testing.T) {
	t.Parallel()
	g := newGuard(nil)
	g.withheld = []netip.Prefix{netip.MustParsePrefix("127.0.0.0/8"), netip.MustParsePrefix("::1/128")}
	asked := 0
	g.next = answering(func(r *http.Request) *http.Response {
		asked++
		return &http.Response{StatusCode: http.StatusOK, Request: r, Body: http.NoBody, Header: http.Header{}}
	})
	g.proxy = func(*http.Request) (*url.URL, error) { return url.Parse("http://proxy:3128") }
	c := caller(t, spec("http://localhost/"))
	c.hosts = g
	_, err := c.Call(t.Context(), record(`1`))
	requireForbidden(t, err, "metadata address")
	require.Zero(t, asked)

	c = caller(t, spec("http://only-the-proxy-knows.invalid/"))
	c.hosts = g
	_, err = c.Call(t.Context(), record(`1`))
	require.NoError(t, err)
	require.Equal(t, 1, asked)
}

// The headers of a spec are for the host of its URL, as a key may be among them.
func TestHeadersDoNotFollowToAnotherOrigin(t *testing.T) {
	t.Parallel()
	var seen http.Header
	other := serve(t, func(_ http.ResponseWriter, r *http.Request) { seen = r.Header.Clone() })
	back := ""
	first := serve(t, func(w http.ResponseWriter, r *http.Request) {
		switch r.URL.Path {
		case "/same":
			http.Redirect(w, r, "/here", http.StatusTemporaryRedirect)
		case "/here":
			seen = r.Header.Clone()
		case "/other":
			http.Redirect(w, r, other, http.StatusTemporaryRedirect)
		case "/and-back":
			http.Redirect(w, r, back, http.StatusTemporaryRedirect)
		}
	})
	back = serve(t, func(w http.ResponseWriter, r *http.Request) {
		http.Redirect(w, r, first+"/here", http.StatusTemporaryRedirect)
	})
	for path, kept := range map[string]bool{"/same": true, "/other": false, "/and-back": false} {
		s := spec(first + path)
		s.URL += "?key=secret"
		s.Headers = map[string]string{"x-api-key": "secret", "Authorization": "Bearer secret", "X-Record": "{{.}}", "User-Agent": "ours"}
		c, err := newHTTP(s, Options{Parallelism: 1, Env: env})
		require.NoError(t, err)
		_, err = c.Call(t.Context(), record(`1`))
		require.NoError(t, err)
		require.Equal(t, kept, seen.Get("X-Api-Key") == "secret", path)
		require.Equal(t, kept, seen.Get("X-Record") == "1", path)
		require.Equal(t, kept, seen.Get("Authorization") != "", path)
		require.Equal(t, kept, strings.Contains(seen.Get("Referer"), "key=secret"), path)
		require.Equal(t, "ours", seen.Get("User-Agent"), path)
	}
}

func TestRedirectsEnd(t *testing.T) {
	t.Parallel()
	calls := 0
	url := serve(t, func(w http.ResponseWriter, r *http.Request) {
		calls++
		http.Redirect(w, r, r.URL.Path, http.StatusFound)
	})
	c := caller(t, spec(url))
	_, err := c.Call(t.Context(), record(`1`))
	require.ErrorContains(t, err, "stopped after 10 redirects")
	require.Equal(t, maxRedirects, calls)
}

func TestOrigins(t *testing.T) {
	t.Parallel()
	for a, same := range map[string]bool{
		"http://h/": true, "http://H:80/x": true, "https://h/": false, "http://h:81/": false, "http://h2/": false, "https://h:80/": false,
	} {
		u, err := url.Parse(a)
		require.NoError(t, err)
		require.Equal(t, same, originOf(u) == "http://h:80", a)
	}
}
