package calls

import (
	"net"
	"net/http"
	"net/netip"
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
	for _, url := range []string{"http://169.254.169.254/latest/meta-data", "http://[fd00:ec2::254]/", "http://[::ffff:169.254.169.254]/", "http://100.100.100.200/", "http://example.com/"} {
		for _, patterns := range [][]string{nil, {"*"}} { // a * is about names
			g := newGuard(patterns)
			g.next = redirect
			c := caller(t, spec(url))
			c.client = &http.Client{Transport: g}
			_, err := c.Call(t.Context(), record(`1`))
			requireForbidden(t, err, "metadata address")
		}
	}
	g := newGuard([]string{"169.254.1.2"})
	require.NoError(t, g.control("tcp", "169.254.1.2:80", nil), "if it is meant")
	require.Error(t, g.control("tcp", "169.254.1.3:80", nil))
	require.Error(t, g.control("tcp6", "[fe80::1%eth0]:80", nil))
	require.NoError(t, g.control("tcp", "93.184.216.34:80", nil))
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
	c.client = &http.Client{Transport: g}
	_, err = c.Call(t.Context(), record(`1`))
	requireForbidden(t, err, "metadata address")
}
