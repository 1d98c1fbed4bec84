package transport

import (
	"net/url"
	"testing"

	"github.com/stretchr/testify/require"
)

func TestAddressOf(t *testing.T) {
	t.Parallel()
	for text, want := range map[string]string{
		"http://a.example/x": "a.example:80", "http://a.example:8080": "a.example:8080", "http://a.example:/": "a.example:80",
		"http://[::1]": "[::1]:80", "http://[::1]:81/": "[::1]:81", "http://u:p@10.0.0.1": "10.0.0.1:80", "http://[fe80::1%25eth0]:1": "[fe80::1%eth0]:1",
	} {
		u, err := url.Parse(text)
		require.NoError(t, err)
		require.Equal(t, want, addressOf(u), text)
	}
}
