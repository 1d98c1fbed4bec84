package calls

import (
	"errors"
	"fmt"
	"net"
	"net/http"
	"net/netip"
	"path"
	"slices"
	"strings"
	"syscall"

	"longhaul/job"
)

// withheld are the addresses where clouds hand out credentials, and those of the
// local link. A job's URL must not lead there unless the worker allows it.
var withheld = []netip.Prefix{
	netip.MustParsePrefix("169.254.0.0/16"),     // link-local; AWS, Azure, Google, ...
	netip.MustParsePrefix("fe80::/10"),          // link-local
	netip.MustParsePrefix("fd00:ec2::254/128"),  // AWS
	netip.MustParsePrefix("100.100.100.200/32"), // Alibaba
	netip.MustParsePrefix("192.0.0.192/32"),     // Oracle
}

// guard keeps requests to the hosts that the worker allows: the first one and
// those after a redirect by their names, all by the address after DNS.
type guard struct {
	// patterns are those of path.Match, over host names or addresses; none
	// allow every host but not the withheld addresses.
	patterns []string
	withheld []netip.Prefix
	next     http.RoundTripper
}

func newGuard(patterns []string) *guard { return &guard{patterns: patterns, withheld: withheld} }

// RoundTrip refuses a host that is not allowed.
func (g *guard) RoundTrip(r *http.Request) (*http.Response, error) {
	if host := r.URL.Hostname(); len(g.patterns) > 0 && !g.allows(host) {
		return nil, errors.Join(forbidden(host, "is not among the hosts that this worker may call: see --allow-host"), closeBody(r))
	}
	// A proxy would connect for us.
	if ip, err := netip.ParseAddr(r.URL.Hostname()); err == nil {
		if err := g.checkAddress(ip); err != nil {
			return nil, errors.Join(err, closeBody(r))
		}
	}
	return g.next.RoundTrip(r)
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
	ip = ip.Unmap()
	inside := func(p netip.Prefix) bool { return p.Contains(ip.WithZone("")) }
	// Named in full: a "*" means the hosts of the world, not these.
	if slices.ContainsFunc(g.withheld, inside) && !slices.Contains(g.patterns, ip.String()) {
		return forbidden(ip.String(), "is a link-local or metadata address: start the worker with --allow-host "+ip.String()+" if it is meant")
	}
	return nil
}

func (g *guard) allows(host string) bool {
	return slices.ContainsFunc(g.patterns, func(pattern string) bool {
		matched, err := path.Match(strings.ToLower(pattern), strings.ToLower(host))
		return err == nil && matched
	})
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
