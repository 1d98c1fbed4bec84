package calls

import (
	"bufio"
	"bytes"
	"encoding/json"
	"io"
	"net/http"
	"strings"
	"testing"
	"text/template"
	"time"

	"github.com/stretchr/testify/require"
	"golang.org/x/net/http/httpguts"

	"longhaul/job"
)

// fuzzLimits keep an execution of a fuzzed template short.
var fuzzLimits = limits{written: 16 << 10, made: 64 << 10, steps: 300}

// hang is how long such an execution cannot take, on a slow machine either.
const hang = 30 * time.Second

// fuzzedSpec takes a text that is a JSON object or list for a tree, as a spec does.
func fuzzedSpec(path, body, header string) job.HTTPSpec {
	s := spec("http://api.example.com/" + path)
	s.Headers = map[string]string{"X-Header": header}
	s.Body.Text = body
	if trimmed := strings.TrimSpace(body); json.Valid([]byte(body)) && (trimmed[0] == '{' || trimmed[0] == '[') {
		s.Body = job.Body{Tree: json.RawMessage(body)}
	}
	return s
}

// ends runs what must end.
func ends[T any](t *testing.T, run func() (T, error)) (T, error) {
	t.Helper()
	watch := time.AfterFunc(hang, func() { panic("a template does not end") })
	defer watch.Stop()
	return run()
}

// byTheLibrary executes a text as text/template does, with nothing between. It has no
// bounds: only what is known to end may be given to it.
func byTheLibrary(t *testing.T, field, source string, data any) (string, error) {
	t.Helper()
	parsed, err := template.New(field).Option("missingkey=error").Funcs(functions(env)).Parse(source)
	require.NoError(t, err)
	var b strings.Builder
	err = parsed.Execute(&b, data)
	return b.String(), err
}

// requireTemplateError is for a record that a template cannot be filled in for.
func requireTemplateError(t *testing.T, err error) {
	t.Helper()
	var failure *job.CallError
	require.ErrorAs(t, err, &failure)
	require.Equal(t, "template", failure.Kind)
	require.False(t, failure.Retry)
}

// requireAgreement: with and without a budget, and by the library, a text is the same.
func requireAgreement(t *testing.T, field, source string, data any, size int) {
	t.Helper()
	parsed, problem := job.ParseTemplate(field, source, functions(env))
	require.Nil(t, problem)
	of, problem := newText(field, parsed)
	require.Nil(t, problem)
	execute := func(bounded bool) (string, error) {
		of.bounded = bounded
		b := newBudget(t.Context(), fuzzLimits, int64(size))
		text, err := of.execute(b, data)
		require.GreaterOrEqual(t, b.left.made, int64(0), "functions have given more than they may")
		return text, err
	}
	needed := of.bounded
	got, err := ends(t, func() (string, error) { return execute(needed) })
	if err != nil {
		requireTemplateError(t, err)
		if !strings.Contains(err.Error(), "of one request") && !strings.Contains(err.Error(), "the functions of a template give more") {
			_, refused := byTheLibrary(t, field, source, data)
			require.Error(t, refused, "ours: %v", err)
		}
		return
	}
	require.LessOrEqual(t, int64(len(got)), fuzzLimits.written)
	want, err := byTheLibrary(t, field, source, data)
	require.NoError(t, err)
	require.Equal(t, want, got)
	if other, err := execute(true); err == nil {
		require.Equal(t, want, other)
	} else {
		require.ErrorContains(t, err, "the functions of a template give more", "an upper bound may be too much, nothing else")
	}
}

// requirePlainAgrees: what is filled in without text/template is what it gives.
func requirePlainAgrees(t *testing.T, of *templates, value string) {
	t.Helper()
	if of.plain == nil {
		return
	}
	if got, ok := of.plain.fill(json.RawMessage(value), of.headers); ok {
		want, err := of.execute(t.Context(), record(value))
		if err != nil {
			require.ErrorContains(t, err, "of one request", "the bounds are for longer ones")
			return
		}
		require.Equal(t, want, got)
	}
}

// requireOneRequest: the server of the template's host reads one request, which is the one
// that was meant.
func requireOneRequest(t *testing.T, sent *http.Request, filled request) {
	t.Helper()
	require.Equal(t, "api.example.com", sent.URL.Host)
	if !httpguts.ValidHeaderFieldValue(filled.headers[0].value) {
		return // the transport refuses it
	}
	var wire bytes.Buffer
	require.NoError(t, sent.Write(&wire))
	reader := bufio.NewReader(&wire)
	got, err := http.ReadRequest(reader)
	require.NoError(t, err)
	require.Equal(t, sent.Method, got.Method)
	require.Equal(t, sent.URL.RequestURI(), got.RequestURI)
	require.Equal(t, sent.URL.Path, got.URL.Path)
	for name := range got.Header {
		require.Contains(t, []string{"User-Agent", "Content-Type", "Content-Length", "Idempotency-Key", "X-Header"}, name)
	}
	body, err := io.ReadAll(got.Body)
	require.NoError(t, err)
	require.Equal(t, filled.body, string(body))
	_, err = reader.ReadByte()
	require.ErrorIs(t, err, io.EOF)
}

var templateSeeds = [][4]string{
	{`a`, `{{range 200}}` + strings.Repeat("x", 100) + `{{end}}`, `{{$x := printf "%99999d" 1}}{{len $x}}`, `1`},
	{`{{.id | urlquery}}`, `{"a":"{{.a}}","b":["{{json .}}",1.50,null]}`, `{{.n}}`, `{"id":"a b/17","a":"\"\\\n","n":12345678901234567890}`},
	{`{{.}}`, `{{json .}}`, `{{. | html}}`, `"<a&b>\r\nX: y"`},
	{`{{index .l 0}}?{{index . "a b"}}`, `{{range $i, $e := .l}}{{if $i}},{{end}}{{$e}}{{end}}`, `{{printf "%5.2s|%-9v|%q|%x" .a .n .l .}}`, `{"l":[1,"x",null,true],"a b":{},"a":"é\u2028","n":-0.0}`},
	{`{{len .}}{{slice .a 1 2}}`, `{{define "t"}}{{.}}{{range 3}}{{.}}{{else}}x{{end}}{{end}}{{template "t" .a}}{{block "u" .}}{{print . 1 "a"}}{{end}}`, `{{env "TOKEN"}}{{env .a}}`, `{"a":"TOKEN"}`},
	{`{{with $x := .o}}{{$x.p}}{{.p}}{{else with .q}}{{.}}{{end}}`, `[{"x":"{{json .o | js}}"},"{{- json .o -}}","{{json .o | printf \"%s,\"}}"]`, `{{and .o .a | not}}{{or .a "x"}}{{eq .a .o}}{{lt 1 2}}`, `{"o":{"p":[]},"a":null}`},
	{`{{$x := "ab"}}{{range 60}}{{$x = print $x $x}}{{end}}`, `{{range 10000000000}}{{continue}}{{end}}`, `{{range 100000}}xxxxxxxxxxxxxxxxxxxxxxxx{{end}}`, `[]`},
	{`{{range .}}{{break}}{{end}}`, `{{"\\" | js | js | js | js}}{{println 1 .}}`, `{{printf "%999999d%[1]*d%!" 1 2 3 4}}`, `[[[{"a":[1]}]]]`},
	{`../{{.}}/..?{{.}}#{{.}}`, `{"n":"{{.}}","{{.}}":"{{json . }}"}`, `{{/* c */}} {{- . }}`, `1e400`},
	{`{{call .}}`, `{{template "a"}}`, `{{.a.b.c}}{{$.x}}`, `{"a":{"b":1}}`},
	{`@other.example/{{.}}`, `{{html . . | urlquery | js}}{{ne . 1}}{{index . 0 1}}`, `{{if .}}{{else if 1}}{{end}}`, `"@:/?#[]\u0000\ud800"`},
	{`{{. | printf "%s/%[1]q/%[3]v" | len | printf "%08.3d"}}`, `{{json (slice . 1)}}`, `{{range $k, $v := .}}{{$k}}={{json $v}};{{end}}`, `"éé"`},
	{`{{.id}}`, `{"n":"{{.name}}","x":"a{{.n}}\"b\u2028{{.t}}","j":"{{json .n}}","s":"{{json .name}}","l":[1,"{{.id}}",null],"q":"{{urlquery .name}}"}`, `{{env "TOKEN"}} {{.n | urlquery}}`, `{"id":1,"id":2.50,"name":"Anné <&>","n":-1e3,"t":true}`},
	{`{{.}}`, `{"whole":"{{json .}}","in":"{{.}}"}`, `{{urlquery .}}`, `12345678901234567890`},
	{`{{.a}}`, `{{.a}}{{.b}}`, `{{.c}}`, `{"a":"x\ty","b":null,"c":{"d":1},"\u0061":"z"}`},
	{`{{.a}}`, `{"a":"{{json .a}}","b":"{{.a}}"}`, `{{.a}}`, "{\"a\":\"\u2028\x7f\"}"},
	{`{{range $k, $v := .}}{{$k}}={{json $v | urlquery}}&{{end}}`, `{{range $k, $v := .}}{{$k}}{{end}}`, `{{print .}}{{print nil}}`, `{"b":1,"a":[{"c":2}]}`},
}

// Any template, for any record: it ends within its bounds with a text, which is the one of
// text/template, or with an error of the record. The URL is one of the template's host, and
// a tree is JSON.
func FuzzTemplates(f *testing.F) {
	for _, seed := range templateSeeds {
		f.Add(seed[0], seed[1], seed[2], seed[3])
	}
	f.Fuzz(func(t *testing.T, path, body, header, value string) {
		s := fuzzedSpec(path, body, header)
		c, err := newHTTP(s, Options{CallID: "JOB", Parallelism: 1, Env: env})
		if err != nil {
			require.Equal(t, job.KindSpec, job.KindOf(err))
			return
		}
		c.templates.limits = fuzzLimits
		filled, err := ends(t, func() (request, error) { return c.templates.fill(t.Context(), record(value)) })
		if err != nil {
			requireTemplateError(t, err)
		} else {
			require.LessOrEqual(t, int64(len(filled.body)), fuzzLimits.written)
			require.LessOrEqual(t, int64(len(filled.url)+len(filled.headers[0].value)), fuzzLimits.written)
			require.True(t, len(s.Body.Tree) == 0 || json.Valid([]byte(filled.body)), "%q", filled.body)
		}
		requirePlainAgrees(t, c.templates, value)
		sent, err := c.request(t.Context(), record(value))
		if err != nil {
			requireTemplateError(t, err)
		} else {
			requireOneRequest(t, sent, filled)
		}
		data, err := decodeNumbers(json.RawMessage(value))
		if err != nil {
			return
		}
		requireAgreement(t, "url", s.URL, data, len(value))
		requireAgreement(t, "headers.X-Header", header, data, len(value))
		if len(s.Body.Tree) == 0 {
			requireAgreement(t, "body", body, data, len(value))
		}
	})
}
