package calls

import (
	"encoding/binary"
	"net/netip"
	"strconv"
	"strings"

	"golang.org/x/net/idna"
)

// withheld are the addresses where clouds hand out credentials, and those of the
// local link. A job's URL must not lead there unless the worker allows it.
var withheld = []netip.Prefix{
	netip.MustParsePrefix("169.254.0.0/16"),         // link-local; AWS, Azure, Google, ...
	netip.MustParsePrefix("fe80::/10"),              // link-local
	netip.MustParsePrefix("fd00:ec2::/32"),          // AWS: instance metadata, EKS pod identity, ...
	netip.MustParsePrefix("fd20:ce::254/128"),       // Google
	netip.MustParsePrefix("168.63.129.16/32"),       // Azure
	netip.MustParsePrefix("100.100.100.200/32"),     // Alibaba
	netip.MustParsePrefix("192.0.0.192/32"),         // Oracle
	netip.MustParsePrefix("fd00:c1::a9fe:a9fe/128"), // Oracle
}

// withheldNames lead to such addresses where the cloud's own DNS answers.
var withheldNames = []string{
	"metadata.google.internal", "metadata.goog", "metadata", "instance-data", "instance-data.ec2.internal",
}

// The forms of IPv6 addresses that have an IPv4 address inside, and where it begins, in
// bytes.
var embeddings = []struct {
	prefix netip.Prefix
	at     int
}{
	{netip.MustParsePrefix("::/96"), 12},           // IPv4-compatible (RFC 4291)
	{netip.MustParsePrefix("::ffff:0:0:0/96"), 12}, // IPv4-translated (RFC 2765)
	{netip.MustParsePrefix("64:ff9b::/96"), 12},    // NAT64 (RFC 6052)
	{netip.MustParsePrefix("64:ff9b:1::/48"), 12},  // NAT64 for local use (RFC 8215)
	{netip.MustParsePrefix("2002::/16"), 2},        // 6to4 (RFC 3056)
}

// embedded are the IPv4 addresses that an IPv6 address may lead to.
func embedded(ip netip.Addr) []netip.Addr {
	if !ip.Is6() {
		return nil
	}
	var found []netip.Addr
	bytes := ip.As16()
	for _, e := range embeddings {
		if e.prefix.Contains(ip) {
			found = append(found, netip.AddrFrom4([4]byte(bytes[e.at:e.at+4])))
		}
	}
	return found
}

// canonical is the host as the transport asks for it: characters such as fullwidth digits
// are what they stand for, and the dot at the end is dropped.
func canonical(host string) string {
	if ascii, err := idna.Lookup.ToASCII(host); err == nil {
		host = ascii
	}
	return strings.ToLower(strings.TrimSuffix(host, "."))
}

// addressOf reads an address in a canonical host, also in the forms of inet_aton: a
// proxy's resolver may take 2852039166 or 0xa9.0376.43518 for 169.254.169.254.
func addressOf(host string) (netip.Addr, bool) {
	if ip, err := netip.ParseAddr(host); err == nil {
		return ip, true
	}
	var bytes [4]byte
	parts := strings.Split(host, ".")
	if len(parts) > len(bytes) {
		return netip.Addr{}, false
	}
	last := len(parts) - 1
	for i, part := range parts {
		n, err := strconv.ParseUint(part, 0, 32)
		if err != nil || i < last && n > 0xff || i == last && n >= 1<<(8*(len(bytes)-last)) {
			return netip.Addr{}, false
		}
		if i < last {
			bytes[i] = byte(n)
			continue
		}
		// The last part fills what is left.
		binary.BigEndian.PutUint32(bytes[:], binary.BigEndian.Uint32(bytes[:])|uint32(n))
	}
	return netip.AddrFrom4(bytes), true
}
