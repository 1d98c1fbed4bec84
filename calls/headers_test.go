package calls

import (
	"net/http"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"
)

// Requests share their headers as long as these are the same; what is added to one of them is
// not sent with the next.
func TestARequestHasItsOwnCredentials(t *testing.T) {
	t.Parallel()
	var users []string
	url := serve(t, func(w http.ResponseWriter, r *http.Request) {
		user, _, _ := r.BasicAuth()
		users = append(users, user+"|"+r.Header.Get("X-Key")+"|"+r.Header.Get("X-Record"))
		if r.URL.Path == "/moved" {
			http.Redirect(w, r, "/", http.StatusFound)
		}
	})
	for headers, want := range map[string][]string{
		"X-Key: k":        {"u0|k|", "u0|k|", "u1|k|", "u1|k|", "u2|k|", "u2|k|"},
		"X-Record: {{.}}": {"u0||0", "u0||0", "u1||1", "u1||1", "u2||2", "u2||2"},
	} {
		users = nil
		name, value, _ := strings.Cut(headers, ": ")
		s := spec("http://u{{.}}:p@" + strings.TrimPrefix(url, "http://") + "/moved")
		s.Headers = map[string]string{name: value}
		c := caller(t, s)
		for _, value := range []string{"0", "1", "2"} {
			_, err := c.Call(t.Context(), record(value))
			require.NoError(t, err)
		}
		require.Equal(t, want, users, headers)
		require.NoError(t, c.Close())
	}
}
