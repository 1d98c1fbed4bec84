package calls

import (
	"context"
	"encoding/json"
	"testing"

	"github.com/stretchr/testify/require"
	"pgregory.net/rapid"

	"longhaul/job"
)

func withTree(t require.TestingT, url, tree string) job.HTTPSpec {
	s := spec(url)
	require.NoError(t, json.Unmarshal([]byte(tree), &s.Body))
	return s
}

func TestABodyMayBeAJSONTree(t *testing.T) {
	t.Parallel()
	url := serve(t, echo)
	s := withTree(t, url, `{"name":"Dear {{.name}}","plain":"x","n":1.50,"all":"{{json .}}","list":["{{.id}}",true,null,"{{json .id}}"]}`)
	sent := call(t, s, `{"name":"\"Ann\" <a>\n","id":12345678901234567890}`)
	require.Equal(t, "POST", sent.Method)
	require.Equal(t, "application/json", sent.Header.Get("Content-Type"))
	require.JSONEq(t, `{"name":"Dear \"Ann\" <a>\n","plain":"x","n":1.50,"all":{"name":"\"Ann\" <a>\n","id":12345678901234567890},
		"list":["12345678901234567890",true,null,12345678901234567890]}`, sent.Body)
}

// Whatever is in the data, the body is JSON and holds it.
func TestDataNeverBreaksTheJSON(t *testing.T) {
	t.Parallel()
	c := caller(t, withTree(t, "http://x", `{"a":["{{.v}}"]}`))
	rapid.Check(t, func(t *rapid.T) {
		value := rapid.String().Draw(t, "value")
		record, err := json.Marshal(map[string]string{"v": value})
		require.NoError(t, err)
		filled, err := c.templates.fill(context.Background(), job.Record{Value: record})
		require.NoError(t, err)
		var body struct{ A []string }
		require.NoError(t, json.Unmarshal([]byte(filled.body), &body))
		require.Equal(t, []string{value}, body.A)
	})
}

// A function behind json may make something else of it.
func TestAJSONThatWasChangedIsAFailure(t *testing.T) {
	t.Parallel()
	c := caller(t, withTree(t, "http://x", `{"a":["{{json .v | js}}"]}`))
	filled, err := c.templates.fill(t.Context(), record(`{"v":1}`))
	require.NoError(t, err)
	require.Equal(t, `{"a":[1]}`, filled.body)
	_, err = c.templates.fill(t.Context(), record(`{"v":"secret"}`))
	require.Equal(t, &job.CallError{Kind: "template", Message: "call.http.body.a[0]: {{json .v | js}} does not give JSON for this record"}, err)
}

func TestErrorsInATreeAreNamedByField(t *testing.T) {
	t.Parallel()
	_, err := newHTTP(withTree(t, "http://x", `{"a":[1,"{{.x"]}`), Options{Env: env})
	require.ErrorContains(t, err, "call.http.body.a[1]: the template does not parse")
	c := caller(t, withTree(t, "http://x", `{"a":{"b":"{{.no}}"}}`))
	require.ErrorContains(t, c.Check(record(`{}`)), `call.http.body.a.b: the record has no field no; it has none`)
}
