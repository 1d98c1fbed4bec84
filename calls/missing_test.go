package calls

import (
	"errors"
	"fmt"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"

	"longhaul/job"
)

func TestAMissingFieldIsSaidWithThoseThatAreThere(t *testing.T) {
	t.Parallel()
	var wide strings.Builder
	for i := range 30 {
		fmt.Fprintf(&wide, `"column%02d":1,`, i)
	}
	for _, c := range []struct{ template, record, message string }{
		{"{{.idd}}", `{"name":"x","city":"y","id":1}`, "the record has no field idd; it has id, city, name"},
		{"{{.Name}}", `{"name":"x","Full Name":"y","":1}`, `the record has no field Name; it has name, "", "Full Name"`},
		{"{{.colum07}}", `{` + wide.String() + `"z":1}`, "the record has no field colum07; it has column07, "},
		{"{{.x}}", `{` + wide.String() + `"z":1}`, "and 21 more"},
		{"{{.a.b}}", `{"a":{"c":1}}`, "the record's a has no field b; it has c"},
		{"{{.a.b.c}}", `{"a":{"c":1}}`, "the record's a has no field b; it has c"},
		{"{{.a.b | urlquery}}", `{"a":{"c":1}}`, "the record's a has no field b; it has c"},
		{"{{json .a.b}}", `{"a":{"c":1}}`, "the record's a has no field b; it has c"},
		{`{{printf "%s" $.a.b}}`, `{"a":{"c":1}}`, "the record's a has no field b; it has c"},
		{"{{.a.b}}", `{"a":null}`, "the record's a has no field b: it is null"},
		{"{{.a.b}}", `{"a":"text"}`, "the record's a has no field b: it is a text"},
		{"{{.a.b}}", `{"a":[1]}`, "the record's a has no field b: it is a list"},
		{"{{.a.b}}", `{"a":5}`, "the record's a has no field b: it is a number"},
		{"{{.id}}", `"line"`, "the record has no field id: it is a text, write {{.}}"},
		{"{{.id}}", `7`, "the record has no field id: it is a number, write {{.}}"},
		{"{{if .a}}{{.b}}{{else}}{{.c}}{{end}}", `{"a":false}`, "the record has no field c; it has a"},
		{`{{index . "Full Nam"}}`, `{"Full Name":1}`, `the record has no field Full Nam; it has "Full Name"`},
		{`{{index . "a" "b" | urlquery}}`, `{"a":{"c":1}}`, "the record's a has no field b; it has c"},
		{`{{index .a 5}}`, `{"a":[1]}`, "there is no element 5 in a list of 1"},
		{`{{index .a 5}}`, `{"a":"x"}`, "element 5 of a text: it is no list"},
		{`{{range .a}}{{.b}}{{end}}`, `{"a":[{"c":1}]}`, `map has no entry for key "b"`},
	} {
		err := caller(t, spec("http://x/"+c.template)).Check(record(c.record))
		require.ErrorContains(t, err, "record 42: call.http.url: ", c.template)
		require.ErrorContains(t, err, c.message, c.template)
		require.NotContains(t, err.Error(), "error calling", c.template)
	}
}

func TestIndex(t *testing.T) {
	t.Parallel()
	for text, want := range map[string]string{
		`{{index . "Full Name" | urlquery}}`: "a+b", `{{index .list 1}}`: "2", `{{index . "o" "p" 0}}`: "7", `{{(index .list 0)}}`: "1",
	} {
		c := caller(t, spec("http://x/"+text))
		filled, err := c.templates.fill(t.Context(), record(`{"Full Name":"a b","list":[1,2],"o":{"p":[7]}}`))
		require.NoError(t, err)
		require.Equal(t, "http://x/"+want, filled.url, text)
	}
}

// Package job parses templates too, and must know the same functions.
func TestJobKnowsTheFunctions(t *testing.T) {
	t.Parallel()
	for _, name := range job.TemplateFunctions() {
		s := spec("http://x/{{.}}{{" + name + ` "A"}}`)
		require.Empty(t, Check(job.CallSpec{HTTP: &s}), name)
	}
	require.Len(t, functions(nil), len(job.TemplateFunctions())+1, "index has the name of one of text/template's")
}

func TestCheckFindsAllAtOnce(t *testing.T) {
	t.Parallel()
	s := withTree(t, "http://x/{{.id", `{"a":["{{.b","{{nope}}"]}`)
	s.Headers = map[string]string{"X-B": "{{", "X-A": "{{"}
	s.Select, s.StopIf, s.FailIf, s.RetryIf = ".a[", "nope(1)", ".ok", "]"
	problems := Check(job.CallSpec{HTTP: &s})
	fields := make([]string, 0, len(problems))
	for _, problem := range problems {
		require.Equal(t, job.KindSpec, problem.Kind)
		fields = append(fields, strings.TrimPrefix(problem.Op, "call.http."))
	}
	require.Equal(t, []string{"url", "body.a[0]", "body.a[1]", "headers.X-A", "headers.X-B", "select", "stop_if", "retry_if"}, fields)
	_, err := newHTTP(s, Options{Env: env})
	require.ErrorContains(t, err, "call.http.headers.X-B: ", "the worker says all too")
	require.Empty(t, Check(job.CallSpec{Sleep: &job.SleepSpec{}}))
}

func TestAVariableThatIsNotThere(t *testing.T) {
	t.Parallel()
	c, err := newHTTP(spec(`http://x/{{env "A"}}`), Options{Env: func(string) (string, error) { return "", errors.New("A is not set") }})
	require.NoError(t, err)
	require.ErrorContains(t, c.Check(record("1")), "record 42: call.http.url: A is not set")
}
