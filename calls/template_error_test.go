package calls

import (
	"errors"
	"testing"

	"github.com/stretchr/testify/require"

	"longhaul/job"
)

// What Check says goes through Temporal: names that the template has, the names of
// fields, and no value of the record.
func TestCheckQuotesNoValueOfARecord(t *testing.T) {
	t.Parallel()
	const marker = "Zq7marker"
	value := `{"key":"` + marker + `","n":8765431,"list":[1],"o":{"` + "p" + `":1}}`
	for _, text := range []string{
		`{{index . .key}}`, `{{index .o .key}}`, `{{index .list .n}}`, `{{index .key .n}}`, `{{index . true .key}}`,
		`{{env .key}}`, `{{slice .key 3 .n}}`, `{{.key.a}}`, `{{printf "%d" .key | env}}`, `{{call .key}}`, `{{eq .list .key}}`,
		`{{template "x" .key}}{{define "x"}}{{.a.b}}{{end}}`, `{{html .key | env}}`, `{{js .key | len | index $.list}}`, `{{lt .key 1}}`, `{{slice .list .n}}`,
		`{{range .list}}{{index $.o $.key}}{{end}}`, `{{with .key}}{{.a}}{{end}}`,
	} {
		c := caller(t, spec("http://x/"+text))
		c.templates, _ = readTemplates(spec("http://x/"+text), func(name string) (string, error) { return "", errors.New(name + " is not set") })
		err := c.Check(record(value))
		require.ErrorContains(t, err, "record 42: call.http.url: ", text)
		require.NotContains(t, err.Error(), marker, text)
		require.NotContains(t, err.Error(), "8765431", text)
		require.Equal(t, job.KindSpec, job.KindOf(err))

		_, err = c.Call(t.Context(), record(value))
		var failure *job.CallError
		require.ErrorAs(t, err, &failure, "its journal has the whole text")
		require.Equal(t, "template", failure.Kind)
	}
	long := caller(t, spec(`http://x/{{len .key | index .list}}`)).Check(record(value))
	require.ErrorContains(t, long, "the template cannot be filled in for this record", "an index that the record gives")
	c := caller(t, spec("http://x/{{.}}"))
	require.NotContains(t, c.Check(record(marker)).Error(), marker)
	require.NotContains(t, caller(t, spec(`{{.}}`)).Check(record(`"`+marker+`"`)).Error(), marker, "the URL")
}
