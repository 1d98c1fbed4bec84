package calls

import (
	"encoding/hex"
	"errors"
	"net"
	"net/http"
	"net/url"
	"strconv"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"
	"golang.org/x/net/idna"
)

// The key stands in headers, in the user information and in the query of the URL.
const fuzzedKey = "canary7261"

// hops stands where the network would be. It answers with one redirect after the other,
// and keeps what would have been sent.
type hops struct {
	locations []string
	status    int
	sent      []*http.Request
}

func (h *hops) RoundTrip(r *http.Request) (*http.Response, error) {
	if r.URL.Scheme != "http" && r.URL.Scheme != "https" {
		return nil, errors.ErrUnsupported // as the real one does
	}
	h.sent = append(h.sent, r)
	response := &http.Response{StatusCode: http.StatusOK, Request: r, Body: http.NoBody, Header: http.Header{}}
	if n := len(h.sent) - 1; n < len(h.locations) {
		response.StatusCode = h.status
		response.Header.Set("Location", h.locations[n])
	}
	return response, nil
}

// reachable is the host as the transport connects to it, or as a proxy is asked for it.
func reachable(u *url.URL) string {
	host := u.Hostname()
	if ascii, err := idna.Lookup.ToASCII(host); err == nil {
		host = ascii
	}
	host, _, _ = strings.Cut(host, "%")
	return strings.ToLower(strings.TrimSuffix(host, "."))
}

// addressIn is what resolvers take the host for, also in the forms of inet_aton: parts
// may be hexadecimal or octal, and the last one fills what is left. It is nil for a name.
func addressIn(host string) net.IP {
	if ip := net.ParseIP(host); ip != nil {
		return ip
	}
	parts := strings.Split(host, ".")
	if len(parts) > net.IPv4len {
		return nil
	}
	address := uint64(0)
	for i, part := range parts {
		n, err := strconv.ParseUint(part, 0, 32)
		if err != nil || strings.ContainsAny(part, "_bo") {
			return nil
		}
		bytes := 1
		if i == len(parts)-1 {
			bytes = net.IPv4len - i
		}
		if n >= 1<<(8*bytes) {
			return nil
		}
		address = address<<(8*bytes) | n
	}
	return net.IPv4(byte(address>>24), byte(address>>16), byte(address>>8), byte(address))
}

// isMetadata says whether the host hands out credentials: by another list than the guard's.
func isMetadata(host string) bool {
	switch host {
	case "metadata", "metadata.google.internal", "metadata.goog", "instance-data", "instance-data.ec2.internal":
		return true
	}
	ip := addressIn(host)
	if ip == nil {
		return false
	}
	four := ip.To4()
	switch {
	case ip.IsLinkLocalUnicast():
		return true
	case four != nil:
		return ip.String() == "168.63.129.16" || ip.String() == "100.100.100.200" || ip.String() == "192.0.0.192"
	}
	for _, form := range []struct {
		begin string
		at    int
	}{{"000000000000000000000000", 12}, {"0000000000000000ffff0000", 12}, {"0064ff9b0000000000000000", 12}, {"0064ff9b0001", 12}, {"2002", 2}} {
		if strings.HasPrefix(hex.EncodeToString(ip), form.begin) && isMetadata(ip[form.at:form.at+net.IPv4len].String()) {
			return true
		}
	}
	return strings.HasPrefix(ip.String(), "fd00:ec2:") || ip.String() == "fd20:ce::254" || ip.String() == "fd00:c1::a9fe:a9fe"
}

// origin is scheme, host and port.
func origin(u *url.URL) string {
	port := u.Port()
	if port == "" {
		port = map[string]string{"https": "443"}[strings.ToLower(u.Scheme)]
	}
	if port == "" {
		port = "80"
	}
	return strings.ToLower(u.Scheme) + " " + strings.ToLower(u.Hostname()) + " " + port
}

func requireNoKey(t *testing.T, r *http.Request) {
	t.Helper()
	for name, values := range r.Header {
		require.NotContains(t, strings.Join(values, " "), fuzzedKey, "%s at %s", name, r.URL)
	}
	require.NotContains(t, r.Host, fuzzedKey, "the host at %s", r.URL)
	require.NotContains(t, r.URL.String(), fuzzedKey)
}

// Wherever an API redirects: the job's key goes to the first origin only, no host that is
// not allowed is called, and no metadata address, in whatever way it is written.
func FuzzRedirects(f *testing.F) {
	for i, location := range []string{
		"/here", "?x", "", "//other.example/", "http://api.example.com/", "https://api.example.com/a", "http://api.example.com:81/", "HTTP://API.Example.COM:80/", "http://api.example.com./",
		"http://user:password@api.example.com/", "http://169.254.169.254/latest", "http://[fd00:ec2::254]/", "http://[::ffff:169.254.169.254]/", "http://[64:ff9b::a9fe:a9fe]/", "http://[2002:a9fe:a9fe::]/",
		"http://[fe80::1%25eth0]/", "http://[2001:db8::1%25.allowed.example]/", "http://169.254.169.254./", "http://2852039166/", "http://0xa9fea9fe/", "http://0251.0376.0251.0376/", "http://169.16689662/", "http://Metadata.Google.Internal./",
		"http://metadata。google。internal/", "http://169。254。169。254/", "http://169.254.169.254/", "http://sub.api.example.com/", "http://api.example.com@169.254.169.254/", "http://a.example.com\\@other/",
		"ftp://api.example.com/", "http://[::1]/", "http://%31%36%39.254.169.254/", "javascript:x", "http:///", "http://:80/", "//api.example.com:443", "http://168.63.129.16/", "http://%zz/", "/\r\nX: y", "http://metadata",
	} {
		for _, status := range []uint16{http.StatusFound, http.StatusTemporaryRedirect} {
			f.Add("http://api.example.com/a", location, "/back", status, i%2 == 0)
			f.Add("https://api.example.com:8443/a", location, "http://api.example.com/", status, i%2 == 1)
			f.Add(location, "http://other.example/", location, status, false)
		}
	}
	f.Fuzz(func(t *testing.T, first, second, third string, status uint16, someHosts bool) {
		if strings.Contains(first+second+third, fuzzedKey) {
			return
		}
		key, err := url.Parse(first)
		if err != nil {
			return
		}
		if key.RawQuery += "&key=" + fuzzedKey; key.User == nil {
			key.User = url.UserPassword("user", fuzzedKey)
		}
		s := spec("{{.}}")
		s.Method = http.MethodPost
		s.Headers = map[string]string{"X-Api-Key": fuzzedKey, "authorization": "Bearer " + fuzzedKey, "Cookie": "a=" + fuzzedKey, "X-Other": fuzzedKey, "Host": "host-of-" + fuzzedKey}
		var allowed []string
		if someHosts {
			allowed = []string{"api.example.com", "*.allowed.example", "10.*", "?"}
		}
		c, err := newHTTP(s, Options{Parallelism: 1, Env: env, AllowHosts: allowed})
		require.NoError(t, err)
		network := &hops{locations: []string{second, third}, status: http.StatusMultipleChoices + int(status)%10}
		c.hosts.next, c.hosts.proxy = network, func(*http.Request) (*url.URL, error) { return nil, nil }
		_, _ = c.Call(t.Context(), record(string(marshal(key.String()))))
		left := false
		for _, r := range network.sent {
			host := reachable(r.URL)
			require.False(t, isMetadata(host), "%s", r.URL)
			name, _, _ := strings.Cut(strings.ToLower(r.URL.Hostname()), "%") // a zone says nothing about the host
			if ten := strings.HasPrefix(name, "10.") || len([]rune(name)) == 1; someHosts && !ten {
				require.True(t, name == "api.example.com" || strings.HasSuffix(name, ".allowed.example"), "%s", r.URL)
			}
			if left = left || origin(r.URL) != origin(network.sent[0].URL); left {
				requireNoKey(t, r)
			}
		}
		require.LessOrEqual(t, len(network.sent), len(network.locations)+1)
	})
}
