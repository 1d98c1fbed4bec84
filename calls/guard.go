package calls

import (
	"errors"
	"fmt"
	"net"
	"net/http"
	"net/netip"
	"net/url"
	"path"
	"slices"
	"strings"
	"sync/atomic"
	"syscall"

	"longhaul/job"
)

// guard keeps requests to the hosts that the worker allows: the first one and
// those after a redirect by their names, all by the address after DNS.
type guard struct {
	// patterns are those of path.Match, over host names or addresses; none
	// allow every host but not the withheld addresses.
	patterns []string
	withheld []netip.Prefix
	// proxy says by which proxy a request goes; nil for none.
	proxy func(*http.Request) (*url.URL, error)
	next  http.RoundTripper
	// allowed is the last host whose name was allowed: as a rule all records have the same.
	allowed atomic.Pointer[string]
}

func newGuard(patterns []string) *guard {
	return &guard{patterns: patterns, withheld: withheld, proxy: http.ProxyFromEnvironment}
}

// RoundTrip refuses a host that is not allowed.
func (g *guard) RoundTrip(r *http.Request) (*http.Response, error) {
	if err := g.checkName(r); err != nil {
		return nil, errors.Join(err, closeBody(r))
	}
	if err := g.checkProxied(r); err != nil {
		return nil, errors.Join(err, closeBody(r))
	}
	return g.next.RoundTrip(r)
}

// checkName refuses by what the URL says, without looking up a name.
func (g *guard) checkName(r *http.Request) error {
	host := r.URL.Hostname()
	if last := g.allowed.Load(); last != nil && *last == host {
		return nil
	}
	err := g.checkHost(host)
	if err == nil {
		g.allowed.Store(&host)
	}
	return err
}

func (g *guard) checkHost(host string) error {
	if len(g.patterns) > 0 && !g.allows(host) {
		return forbidden(host, "is not among the hosts that this worker may call: see --allow-host")
	}
	name := canonical(host)
	if ip, ok := addressOf(name); ok {
		return g.checkAddress(ip)
	}
	if slices.Contains(withheldNames, name) && !slices.Contains(g.patterns, name) {
		return withheldError(name)
	}
	return nil
}

// checkProxied looks at the address of a request before it is sent, because control sees
// that of the proxy if there is one. A name that only the proxy can resolve is its business.
func (g *guard) checkProxied(r *http.Request) error {
	host := r.URL.Hostname()
	if _, err := netip.ParseAddr(host); err == nil {
		return nil
	}
	if proxy, err := g.proxy(r); err != nil || proxy == nil {
		return nil //nolint:nilerr // the transport says what is wrong with the proxy
	}
	addresses, err := net.DefaultResolver.LookupNetIP(r.Context(), "ip", host)
	if err != nil {
		return nil //nolint:nilerr // the proxy may know the name
	}
	for _, ip := range addresses {
		if err := g.checkAddress(ip); err != nil {
			return err
		}
	}
	return nil
}

// closeBody is what a RoundTripper owes to a request that it does not send.
func closeBody(r *http.Request) error {
	if r.Body == nil {
		return nil
	}
	return r.Body.Close()
}

// control is called with the address that a name has led to.
func (g *guard) control(_, address string, _ syscall.RawConn) error {
	end, err := netip.ParseAddrPort(address)
	if err != nil {
		return err
	}
	return g.checkAddress(end.Addr())
}

func (g *guard) checkAddress(ip netip.Addr) error {
	ip = ip.Unmap().WithZone("")
	// Named in full: a "*" means the hosts of the world, not these.
	if slices.Contains(g.patterns, ip.String()) {
		return nil
	}
	for _, reached := range append(embedded(ip), ip) {
		if slices.ContainsFunc(g.withheld, func(p netip.Prefix) bool { return p.Contains(reached) }) {
			return withheldError(ip.String())
		}
	}
	return nil
}

// allows compares without the zone of an IPv6 address, because a record can write any
// text there: [2001:db8::1%25.example.com] is not a host of example.com.
func (g *guard) allows(host string) bool {
	host, _, _ = strings.Cut(host, "%")
	return slices.ContainsFunc(g.patterns, func(pattern string) bool {
		matched, err := path.Match(strings.ToLower(pattern), strings.ToLower(host))
		return err == nil && matched
	})
}

func withheldError(host string) error {
	return forbidden(host, "is a link-local or metadata address: start the worker with --allow-host "+host+" if it is meant")
}

func forbidden(host, why string) error {
	return &job.CallError{Kind: "forbidden", Message: fmt.Sprintf("%s %s", host, why)}
}

// dialer connects as the default transport's does, through the guard.
func (g *guard) dialer() *net.Dialer {
	return &net.Dialer{Timeout: dialTimeout, KeepAlive: keepAlive, Control: g.control}
}

// checkPatterns refuses what path.Match cannot read.
func checkPatterns(patterns []string) error {
	for _, pattern := range patterns {
		if _, err := path.Match(pattern, ""); err != nil {
			return job.Errorf(job.KindSpec, "--allow-host", "%q is not a pattern", pattern).WithHint(`write names with * and ?, such as "*.example.com"`)
		}
	}
	return nil
}
