package calls

import (
	"errors"
	"testing"

	"github.com/stretchr/testify/require"

	"longhaul/job"
)

// A preview is the request without its secrets.
func TestPreviewHidesSecrets(t *testing.T) {
	t.Parallel()
	values := map[string]string{
		"KEY": "sk-8472", "BASE": "https://api.example.com/v1", "HOOK": "https://hooks.example.com/services/T02AB84X/B83HSKX92/x8J2kd82Hs",
	}
	lookup := func(name string) (string, error) {
		if value, ok := values[name]; ok {
			return value, nil
		}
		return "", errors.New("not set")
	}
	for name, c := range map[string]struct {
		spec job.HTTPSpec
		want job.HTTPRequest
	}{
		"headers": {
			job.HTTPSpec{URL: "https://x.example.com/{{.id}}", Headers: map[string]string{
				"Authorization": `Bearer {{env "KEY"}}`, "X-API-Key": "literal", "Cookie": "a=b", "X-Plain": "{{.id}}", "X-Env": `{{env "KEY"}}`,
			}},
			job.HTTPRequest{Method: "GET", URL: "https://x.example.com/7", Headers: []string{
				"User-Agent: longhaul", "Authorization: Bearer ***", "Cookie: ***", "X-API-Key: ***", "X-Env: ***", "X-Plain: 7",
			}},
		},
		"the base of the URL": {
			job.HTTPSpec{URL: `{{env "BASE"}}/{{.id}}`},
			job.HTTPRequest{Method: "GET", URL: "https://api.example.com/v1/7", Headers: []string{"User-Agent: longhaul"}},
		},
		"a URL that is a secret": {
			job.HTTPSpec{URL: `{{env "HOOK"}}`, Body: job.Body{Text: `{"id":{{.id}},"key":"{{env "KEY"}}"}`}},
			job.HTTPRequest{Method: "POST", URL: "***", Body: `{"id":7,"key":"***"}`, Headers: []string{
				"User-Agent: longhaul", "Content-Type: application/json", "Idempotency-Key: -42",
			}},
		},
		"the query and the password": {
			job.HTTPSpec{URL: "https://ann:pw@x.example.com/{{.id}}?api_key=1234&page=2&sig=99#end"},
			job.HTTPRequest{Method: "GET", URL: "https://ann:***@x.example.com/7?api_key=***&page=2&sig=***#end", Headers: []string{"User-Agent: longhaul"}},
		},
	} {
		caller, err := newHTTP(c.spec, Options{Env: lookup})
		require.NoError(t, err, name)
		got, err := caller.Preview(record(`{"id":7}`))
		require.NoError(t, err, name)
		require.Equal(t, c.want, *got, name)
	}
	caller, err := newHTTP(job.HTTPSpec{URL: "http://x/{{.none}}"}, Options{Env: lookup})
	require.NoError(t, err)
	_, err = caller.Preview(record(`{"id":7}`))
	require.ErrorContains(t, err, "none")
}
