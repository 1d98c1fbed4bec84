package calls

import (
	"net"
	"net/http"
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

func TestMetadataAddressesAreWithheld(t *testing.T) {
	t.Parallel()
	for _, url := range []string{"http://169.254.169.254/latest/meta-data", "http://[fd00:ec2::254]/", "http://[::ffff:169.254.169.254]/", "http://100.100.100.200/"} {
		requireForbidden(t, guarded(t, url), "metadata address")
		requireForbidden(t, guarded(t, url, "*"), "metadata address") // a * is about names
	}
	redirect := serve(t, func(w http.ResponseWriter, r *http.Request) {
		http.Redirect(w, r, "http://169.254.169.254/", http.StatusFound)
	})
	requireForbidden(t, guarded(t, redirect), "169.254.169.254")

	g := &guard{patterns: []string{"169.254.1.2"}}
	require.NoError(t, g.control("tcp", "169.254.1.2:80", nil), "if it is meant")
	require.Error(t, g.control("tcp", "169.254.1.3:80", nil))
	require.Error(t, g.control("tcp6", "[fe80::1%eth0]:80", nil))
	require.NoError(t, g.control("tcp", "93.184.216.34:80", nil))
}
