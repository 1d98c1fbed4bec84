package calls

import (
	"context"
	"encoding/json"
	"fmt"
	"strings"
	"testing"
	"text/template"
	"time"

	"github.com/stretchr/testify/require"
	"pgregory.net/rapid"

	"longhaul/calls/plain"
	"longhaul/job"
)

// withText is a caller whose body is the template.
func withText(t require.TestingT, text string) *httpCaller {
	s := spec("http://127.0.0.1:1/{{.id}}")
	s.Body.Text = text
	c, err := newHTTP(s, Options{CallID: "JOB", Parallelism: 10, Env: env})
	require.NoError(t, err)
	return c
}

func doubled(function string) string {
	return `{{$x := "<\"%"}}{{range 60}}{{$x = ` + function + `}}{{end}}`
}

// manyTemplates go from one to the next twice, 40 times.
func manyTemplates() string {
	var b strings.Builder
	for i := range 40 {
		fmt.Fprintf(&b, `{{define "t%d"}}{{template "t%d"}}{{template "t%d"}}{{end}}`, i, i+1, i+1)
	}
	return b.String() + `{{define "t40"}}{{end}}{{template "t0"}}`
}

// growing templates double what they hand on to the next one.
func growing() string {
	var b strings.Builder
	for i := range 40 {
		fmt.Fprintf(&b, `{{define "t%d"}}{{template "t%d" (print . .)}}{{end}}`, i+1, i)
	}
	return b.String()
}

// Each of these would take minutes, or all memory.
var endless = map[string]struct{ text, message string }{
	"a loop":               {`{{range 10000000000}}{{end}}`, "go round more than 10000000 times"},
	"loops in loops":       {`{{range 100000}}{{range 100000}}{{if false}}x{{end}}{{end}}{{end}}`, "go round more than"},
	"a loop that goes on":  {`{{range 10000000000}}{{continue}}{{end}}`, "go round more than"},
	"a loop in an else":    {`{{range .none}}{{else}}{{range 10000000000}}{{end}}{{end}}`, "go round more than"},
	"a loop in a template": {`{{define "t"}}{{range 10000000000}}{{end}}{{end}}{{template "t" .}}`, "go round more than"},
	"a loop in a block":    {`{{block "t" .}}{{with $x := 1}}{{range 10000000000}}{{end}}{{end}}{{end}}`, "go round more than"},
	"many templates":       {manyTemplates(), "go round more than"},
	"output":               {`{{range 1000000}}` + strings.Repeat("x", 1000) + `{{end}}`, "the texts of one request are longer than 4 MiB"},
	"print":                {doubled(`print $x $x`), "give more than 8 MiB"},
	"println":              {doubled(`println $x $x`), "give more than 8 MiB"},
	"printf":               {doubled(`printf "%s%[1]s" $x`), "give more than 8 MiB"},
	"a pipeline":           {doubled(`$x | printf "%s%s" $x`), "give more than 8 MiB"},
	"piped printf":         {`{{$.id` + strings.Repeat(` | printf "%[1]s%[1]s"`, 60) + `}}`, "give more than 8 MiB"},
	"piped js":             {`{{"\\" ` + strings.Repeat(` | js`, 60) + `}}`, "give more than 8 MiB"},
	"with":                 {`{{with print "\\" ""}}` + strings.Repeat(`{{with js .}}{{with js .}}`, 30) + strings.Repeat(`{{end}}{{end}}`, 30) + `{{end}}`, "give more than 8 MiB"},
	"values of templates":  {`{{define "t0"}}{{end}}` + growing() + `{{template "t40" .id}}`, "give more than 8 MiB"},
	"in parentheses":       {doubled(`(slice (print $x $x) 1)`), "give more than 8 MiB"},
	"json":                 {doubled(`json $x`), "give more than 8 MiB"},
	"html":                 {doubled(`html $x $x`), "give more than 8 MiB"},
	"js":                   {doubled(`js $x`), "give more than 8 MiB"},
	"urlquery":             {doubled(`urlquery $x $x`), "give more than 8 MiB"},
	"widths":               {`{{$x := printf "` + strings.Repeat("%999999d", 1000) + `" 1}}`, "give more than 8 MiB"},
	"widths, written":      {`{{printf "` + strings.Repeat("%999999d", 1000) + `" 1}}`, "give more than 8 MiB"},
	"precisions":           {`{{$x := printf "` + strings.Repeat("%.999999f", 1000) + `" 1.5}}`, "give more than 8 MiB"},
	"widths of stars":      {`{{$x := printf "` + strings.Repeat("%[1]*d", 1000) + `" 999999}}`, "give more than 8 MiB"},
}

// The same limits hold for a call, for the check before the first one, and for a preview.
func TestATemplateThatWouldNotEndFails(t *testing.T) {
	t.Parallel()
	for name, c := range endless {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			caller := withText(t, c.text)
			caller.templates.limits.written, caller.templates.limits.made = 4<<20, 8<<20
			if strings.HasPrefix(c.message, "go round") {
				caller.templates.limits.steps = 100_000 // the whole takes seconds
				c.message = "go round more than 100000 times"
			}
			value := record(`{"id":1,"none":[]}`)
			_, err := caller.Call(t.Context(), value)
			var failure *job.CallError
			require.ErrorAs(t, err, &failure)
			require.Equal(t, "template", failure.Kind)
			require.False(t, failure.Retry)
			require.Contains(t, failure.Message, "call.http.body: ")
			require.Contains(t, failure.Message, c.message)
			err = caller.Check(value)
			require.Equal(t, job.KindSpec, job.KindOf(err))
			require.ErrorContains(t, err, "record 42: call.http.body: ")
			require.ErrorContains(t, err, "fix the template or the input")
		})
	}
}

func TestAPreviewEnds(t *testing.T) {
	t.Parallel()
	_, err := withText(t, `{{range 10000000000}}{{end}}`).Preview(record(`{"id":1}`))
	require.ErrorContains(t, err, "; loop over fewer elements")
}

// Rounds that take long are no way out.
func TestACheckEnds(t *testing.T) {
	t.Parallel()
	c := withText(t, `{{range 10000000000}}{{end}}`)
	c.templates.limits.steps = 1 << 62
	require.ErrorContains(t, c.Check(record(`{"id":1}`)), "call.http.body: the template does not end within the time that it has")
}

// URL, headers and body share one budget.
func TestTheTextsOfARequestShareTheirLimits(t *testing.T) {
	t.Parallel()
	s := withTree(t, "http://127.0.0.1:1/{{.a}}", `{"a":"{{.a}}","b":["{{.a}}{{range 3}}{{end}}"]}`)
	s.Headers = map[string]string{"X": "{{.a}}{{range 3}}{{end}}"}
	c := caller(t, s)
	value := record(`{"a":"` + strings.Repeat("x", 1000) + `"}`)
	c.templates.limits = limits{written: 4100, made: 1, steps: 6}
	require.NoError(t, c.Check(value))
	c.templates.limits.written = 3900
	require.ErrorContains(t, c.Check(value), "call.http.headers.X: the texts of one request are longer than 0.00372 MiB")
	c.templates.limits = limits{written: 4100, made: 1, steps: 5}
	require.ErrorContains(t, c.Check(value), "call.http.headers.X: the templates of one request go round more than 5 times")
	// Escapes make the tree longer than its texts.
	c = caller(t, withTree(t, "http://127.0.0.1:1/", `{"a":"{{.a}}"}`))
	c.templates.limits.written = 3000
	require.ErrorContains(t, c.Check(record(`{"a":"`+strings.Repeat(`\u0001`, 1000)+`"}`)), "call.http.body: the texts of one request are longer")
}

func TestATemplateEndsWithItsCall(t *testing.T) {
	t.Parallel()
	c := withText(t, `{{range 10000000000}}{{end}}`)
	c.templates.limits.steps = 1 << 62
	c.spec.Timeout = job.Duration(200 * time.Millisecond)
	require.Equal(t, &job.CallError{Kind: "template", Message: "call.http.body: the template does not end within the time that it has; loop over fewer elements"},
		failed(t, c.asOther(t)))
	ctx, cancel := context.WithCancel(t.Context())
	time.AfterFunc(100*time.Millisecond, cancel)
	_, err := c.Call(ctx, record(`{"id":1}`))
	require.Error(t, err)
	// A slow machine is not the template's fault.
	ctx, cancel = context.WithDeadline(t.Context(), time.Now().Add(-time.Second))
	defer cancel()
	_, err = c.templates.fill(ctx, record(`{"id":1}`))
	require.Equal(t, &job.CallError{Kind: "timeout", Message: "call.http.body: the template was interrupted", Retry: true}, err)
}

// asOther calls with a record that has an id.
func (c *httpCaller) asOther(*testing.T) Caller { return withID{c} }

type withID struct{ of Caller }

func (w withID) Call(ctx context.Context, r job.Record) (job.Answer, error) {
	r.Value = json.RawMessage(`{"id":1}`)
	return w.of.Call(ctx, r)
}

func TestATemplateMayNotUseItself(t *testing.T) {
	t.Parallel()
	for _, text := range []string{
		`{{define "a"}}{{template "a"}}{{end}}{{template "a"}}`,
		`{{define "a"}}{{if .}}{{template "b" .}}{{end}}{{end}}{{define "b"}}{{range .}}{{template "a" .}}{{end}}{{end}}`,
		`{{template "body"}}`,
	} {
		s := spec("http://x/{{.id}}")
		s.Body.Text = text
		_, err := newHTTP(s, Options{Env: env})
		require.Equal(t, job.KindSpec, job.KindOf(err))
		require.ErrorContains(t, err, "call.http.body: the template")
		require.ErrorContains(t, err, "uses itself, which may never end; use range")
		require.Len(t, Check(job.CallSpec{HTTP: &s}), 1, "longhaul validate tells it too")
	}
	withText(t, `{{define "a"}}a{{end}}{{define "b"}}{{template "a"}}{{end}}{{template "a"}}{{template "b"}}`)
}

// A legal record of the largest size can be sent; here all is a 16th.
func TestALargeRecordIsSent(t *testing.T) {
	t.Parallel()
	c := withText(t, `{{json .}}`)
	value := record(`{"id":1,"long":"` + strings.Repeat("é", 31<<16) + `"}`)
	c.templates.limits.written, c.templates.limits.made = requestLimits.written/16, requestLimits.made/16
	filled, err := c.templates.fill(t.Context(), value)
	require.NoError(t, err)
	require.Len(t, filled.body, len(value.Value))
}

// templateText draws templates that loop, write, keep texts in variables and use each
// other. Many would not end.
func templateText(t *rapid.T, depth int) string {
	var b strings.Builder
	for range rapid.IntRange(1, 3).Draw(t, "parts") {
		inner := func() string {
			if depth == 0 {
				return rapid.SampledFrom([]string{"", "x", "{{.}}", "{{$v}}"}).Draw(t, "leaf")
			}
			return templateText(t, depth-1)
		}
		n := rapid.SampledFrom([]int{0, 1, 3, 50, 100_000_000}).Draw(t, "n")
		value := rapid.SampledFrom([]string{"$v", "$", "$.list", "$.text", "7", `"<é\n>"`}).Draw(t, "value")
		switch rapid.IntRange(0, 9).Draw(t, "kind") {
		case 0:
			fmt.Fprintf(&b, `{{range %d}}%s{{end}}`, n, inner())
		case 1:
			fmt.Fprintf(&b, `{{range $.list}}%s{{else}}%s{{end}}`, inner(), inner())
		case 2:
			fmt.Fprintf(&b, `{{range $k, $e := $.map}}%s{{if eq $k "b"}}{{break}}{{end}}{{end}}`, inner())
		case 3:
			fmt.Fprintf(&b, `{{with %s}}%s{{else}}%s{{end}}`, value, inner(), inner())
		case 4:
			fmt.Fprintf(&b, `{{$v = print $v %s}}`, value)
		case 5:
			fmt.Fprintf(&b, `{{$v = printf "%%%d%s" %s}}`, n, rapid.SampledFrom([]string{"v", "s", "q", "d", "x"}).Draw(t, "verb"), value)
		case 6:
			fmt.Fprintf(&b, `{{$v = (%s %s)}}`, rapid.SampledFrom([]string{"html", "js", "urlquery", "json", "println"}).Draw(t, "function"), value)
		case 7:
			fmt.Fprintf(&b, `{{%s | json}}{{len $v}}`, value)
		case 8:
			fmt.Fprintf(&b, `{{template "%s" %s}}`, rapid.SampledFrom([]string{"one", "two"}).Draw(t, "template"), value)
		default:
			b.WriteString(inner())
		}
	}
	return b.String()
}

// Whatever a template does, it ends soon within its limits, or with the same text as
// without limits.
func TestEveryTemplateEnds(t *testing.T) {
	t.Parallel()
	const value = `{"id":1,"list":[1,"two",{"a":null}],"map":{"a":1,"b":2,"c":3},"text":"<\"\u0001é%"}`
	var data any
	require.NoError(t, json.Unmarshal([]byte(value), &data))
	rapid.Check(t, func(t *rapid.T) {
		text := `{{$v := "v"}}{{define "one"}}{{$v := .}}` + templateText(t, 1)
		text = strings.ReplaceAll(text, `{{template "one"`, `{{template "two"`)
		text += `{{end}}{{define "two"}}{{range 3}}x{{end}}{{end}}` + templateText(t, 3)
		c := withText(t, text)
		c.templates.limits = limits{written: 1 << 14, made: 1 << 16, steps: 2000}
		began := time.Now()
		filled, err := c.templates.fill(context.Background(), record(value))
		require.Less(t, time.Since(began), 20*time.Second, text)
		var failure *job.CallError
		if err != nil {
			require.ErrorAs(t, err, &failure)
			return
		}
		require.LessOrEqual(t, len(filled.body), 1<<14)
		plain, err := template.New("body").Option("missingkey=error").Funcs(functions(env)).Parse(text)
		require.NoError(t, err)
		var want strings.Builder
		decoded, err := decodeNumbers([]byte(value))
		require.NoError(t, err)
		require.NoError(t, plain.Execute(&want, decoded))
		require.Equal(t, want.String(), filled.body)
	})
}

// Each element of a list has the width.
func TestTheWidthOfElementsCounts(t *testing.T) {
	t.Parallel()
	c := withText(t, `{{len (printf "%2000000d" .list)}}`)
	require.NoError(t, c.Check(record(`{"id":1,"list":[1,2,3]}`)))
	c.templates.limits.made = 30 << 20
	require.ErrorContains(t, c.Check(record(`{"id":1,"list":[1,2,3,4,5,6,7,8,9,10,11,12,13,14,15,16,17,18,19,20]}`)), "give more than 30 MiB")
}

// The bounds of the functions are above what they give.
func TestTheBoundsOfFunctionsHold(t *testing.T) {
	t.Parallel()
	scalar := rapid.OneOf(rapid.Just[any](nil), rapid.Bool().AsAny(), rapid.String().AsAny(), rapid.Float64().AsAny(), rapid.Int().AsAny(),
		rapid.SampledFrom([]any{"\x01\x02", "\u2028", "\xff", "<>&'\"", "%%%", json.Number("1e308")}))
	list := rapid.SliceOfN(scalar, 0, 5).AsAny()
	object := rapid.MapOfN(rapid.String(), rapid.OneOf(scalar, list), 0, 5).AsAny()
	composite := rapid.OneOf(list, object, rapid.Just[any]([]any{[]any{}, map[string]any{}, nil, map[string]any{"": nil}}))
	piece := rapid.OneOf(rapid.String(), rapid.SampledFrom([]string{
		"%", "%s", "%v", "%+v", "%#v", "%q", "%x", "% #X", "%d", "%08.3f", "%[1]s", "%[2]*[1]d", "%*d", "%.*f", "%-5000d", "%.3000f", "%10000009v", "%10000010d", "%T", "%p", "%U", "%c", "%é", "%[x]s", "%!",
	}))
	rapid.Check(t, func(t *rapid.T) {
		args := make([]any, 0, 4)
		record := int64(2)
		for range rapid.IntRange(0, 4).Draw(t, "n") {
			value := rapid.OneOf(scalar, composite).Draw(t, "value")
			switch value.(type) {
			case map[string]any, []any:
				encoded, err := json.Marshal(value)
				if err != nil {
					t.Skip("infinite")
				}
				value, err = decodeNumbers(encoded)
				require.NoError(t, err)
				record = max(record, int64(len(encoded)))
			}
			args = append(args, value)
		}
		e := &execution{budget: newBudget(context.Background(), requestLimits, record)}
		longest, all := int64(numberLength), int64(0)
		for _, arg := range args {
			length := e.budget.length(arg)
			require.LessOrEqual(t, int64(len(fmt.Sprint(arg))), length, "%#v", arg)
			longest, all = max(longest, length), all+length+1
			if _, err := plain.JSONText(arg); err == nil {
				e.budget.left = requestLimits
				text, err := e.json(arg)
				require.NoError(t, err)
				e.budget.left.made = int64(len(text)) - 1
				_, err = e.json(arg)
				require.Error(t, err, "%#v", arg)
			}
		}
		require.LessOrEqual(t, int64(len(fmt.Sprintln(args...))), all+1)
		for _, escape := range []func(...any) string{template.HTMLEscaper, template.JSEscaper, template.URLQueryEscaper} {
			require.LessOrEqual(t, int64(len(escape(args...))), escapedLonger*all, "%#v", args)
		}
		format := strings.Join(rapid.SliceOfN(piece, 0, 6).Draw(t, "format"), "")
		require.LessOrEqual(t, int64(len(fmt.Sprintf(format, args...))), longestFormat(format, longest, record, len(args)), "%q of %#v", format, args)
	})
}
