package plain

import (
	"errors"
	"testing"
	"text/template"

	"github.com/stretchr/testify/require"
)

func env(name string) (string, error) {
	if name != "KEY" {
		return "", errors.New("is not allowed")
	}
	return "k", nil
}

func parsed(source string) *template.Template {
	functions := template.FuncMap{"json": func(any) string { return "" }, "env": env}
	return template.Must(template.New("").Funcs(functions).Parse(source))
}

// What is filled in here, and what is left to text/template.
func TestText(t *testing.T) {
	t.Parallel()
	for _, c := range []struct{ template, record, want string }{
		{``, `1`, ``},
		{`a b`, `{}`, `a b`},
		{`/{{.}}`, `17`, `/17`},
		{`/{{.}}`, `"a b"`, `/a b`},
		{`/{{. | urlquery}}`, `"a b&c"`, `/a+b%26c`},
		{`{{.id}}-{{urlquery .name}}-{{.id}}`, `{"id": 1.50 ,"name":"ä","x":{"id":2}}`, `1.50-%C3%A4-1.50`},
		{`{{.a}}{{.b}}`, `{"a":true,"b":""}`, `true`},
		{`{{.a}}`, `{"a":1,"a":2}`, `2`},
		{`Bearer {{env "KEY"}}`, `1`, `Bearer k`},
	} {
		texts := New(env)
		text, ok := texts.Text(parsed(c.template))
		require.True(t, ok, c.template)
		values, ok := texts.Read([]byte(c.record))
		require.True(t, ok, c.record)
		got, ok := text.Append(nil, texts, values)
		require.True(t, ok, c.template)
		require.Equal(t, c.want, string(got), c.template)
	}
	for _, source := range []string{`{{.a.b}}`, `{{json .}}`, `{{if .a}}x{{end}}`, `{{$x := .a}}`, `{{.a | html}}`, `{{index .l 0}}`, `{{env .a}}`, `{{.a | urlquery | urlquery}}`, `{{define "t"}}{{end}}x`, `{{"a"}}`, `{{print .a}}`} {
		_, ok := New(env).Text(parsed(source))
		require.False(t, ok, source)
	}
}

// A record that has to be decoded, or a value that has to be made anew, is left too.
func TestRecordsThatNeedDecoding(t *testing.T) {
	t.Parallel()
	for _, c := range []struct{ template, record string }{
		{`{{.}}`, `{"a":1}`}, {`{{.}}`, `[1]`}, {`{{.}}`, `null`}, {`{{.}}`, `"a\n"`}, {`{{.}}`, `1 2`}, {`{{.}}`, ``}, {`{{.}}`, "\"\xff\""},
		{`{{.a}}`, `{}`}, {`{{.a}}`, `1`}, {`{{.a}}`, `{"a":null}`}, {`{{.a}}`, `{"a":[]}`}, {`{{.a}}`, `{"a":"\u0041"}`}, {`{{.a}}`, `{"\u0061":1}`},
		{`{{.a}}`, `{"a":1,"a":null}`}, {`{{.a}}`, `{"a":1`}, {`{{.a}}{{env "OTHER"}}`, `{"a":1}`},
	} {
		texts := New(env)
		text, ok := texts.Text(parsed(c.template))
		require.True(t, ok)
		values, ok := texts.Read([]byte(c.record))
		if ok {
			_, ok = text.Append(nil, texts, values)
		}
		require.False(t, ok, "%s: %s", c.template, c.record)
	}
}

func TestJSON(t *testing.T) {
	t.Parallel()
	for _, c := range []struct {
		tree         any
		record, want string
	}{
		{map[string]any{"b": "{{.n}}", "a": []any{1.5, nil, "<x>", "{{json .n}}", "{{json .s}}"}}, `{"n":2,"s":"a b"}`, `{"a":[1.5,null,"<x>",2,"a b"],"b":"2"}`},
		{map[string]any{"q\"": "say \"{{.s}}\"\n{{urlquery .s}}"}, `{"s":"a<b"}`, `{"q\"":"say \"a<b\"\na%3Cb"}`},
		{[]any{"{{json .}}"}, `true`, `[true]`},
		{map[string]any{}, `1`, `{}`},
	} {
		texts := New(env)
		text, ok := texts.JSON(c.tree, parsed)
		require.True(t, ok, c.want)
		values, ok := texts.Read([]byte(c.record))
		require.True(t, ok)
		got, ok := text.Append(nil, texts, values)
		require.True(t, ok, c.want)
		require.Equal(t, c.want, string(got))
	}
	texts := New(env)
	_, ok := texts.JSON([]any{"{{json .a | js}}"}, parsed)
	require.False(t, ok)
	text, ok := texts.JSON([]any{"{{.a}}"}, parsed)
	require.True(t, ok)
	for _, record := range []string{"{\"a\":\"\u2028\"}", `{"a":"\""}`} {
		values, ok := texts.Read([]byte(record))
		if ok {
			_, ok = text.Append(nil, texts, values)
		}
		require.False(t, ok, record)
	}
}
