package calls

import (
	"bytes"
	"encoding/json"
	"fmt"
	"slices"
	"strings"
	"text/template"

	"longhaul/job"
)

// templates are the texts of an HTTP request, to be filled in for a record.
type templates struct {
	url     *template.Template
	body    bodyTemplate
	headers []headerTemplate
}

type headerTemplate struct {
	name  string
	value *template.Template
}

// request is what the templates give for one record.
type request struct {
	url, body string
	headers   []header
}

type header struct{ name, value string }

func parseTemplates(spec job.HTTPSpec, env func(string) (string, bool)) (*templates, error) {
	t := &templates{}
	funcs := template.FuncMap{"json": jsonText, "env": func(name string) (string, error) { return environment(name, env) }}
	parse := func(field, text string) (*template.Template, error) {
		parsed, err := template.New(field).Option("missingkey=error").Funcs(funcs).Parse(text)
		if err != nil {
			return nil, job.Errorf(job.KindSpec, "call.http."+field, "the template does not parse: %s", reason(err)).
				WithHint("see https://pkg.go.dev/text/template")
		}
		return parsed, nil
	}
	var err error
	if t.url, err = parse("url", spec.URL); err != nil {
		return nil, err
	}
	if t.body, err = parseBody(spec.Body, parse); err != nil {
		return nil, err
	}
	for name, text := range spec.Headers {
		value, err := parse("headers."+name, text)
		if err != nil {
			return nil, err
		}
		t.headers = append(t.headers, headerTemplate{name, value})
	}
	slices.SortFunc(t.headers, func(a, b headerTemplate) int { return strings.Compare(a.name, b.name) })
	return t, nil
}

// environment looks up one of the variables that the worker allows.
func environment(name string, lookup func(string) (string, bool)) (string, error) {
	value, ok := lookup(name)
	if !ok {
		return "", fmt.Errorf("the worker does not allow or does not have the environment variable %s: start it with --allow-env %s", name, name)
	}
	return value, nil
}

func jsonText(value any) (string, error) {
	var b bytes.Buffer
	encoder := json.NewEncoder(&b)
	encoder.SetEscapeHTML(false)
	err := encoder.Encode(value)
	return strings.TrimSuffix(b.String(), "\n"), err
}

// fill executes the templates over a record. The error is a *job.CallError and
// names the field.
func (t *templates) fill(record job.Record) (request, error) {
	decoder := json.NewDecoder(bytes.NewReader(record.Value))
	// A long id must not become 1.2345e+18.
	decoder.UseNumber()
	var data any
	if err := decoder.Decode(&data); err != nil {
		return request{}, &job.CallError{Kind: "template", Message: "the record is not JSON: " + err.Error()}
	}
	var r request
	var err error
	if r.url, err = execute(t.url, data); err != nil {
		return r, err
	}
	if r.body, err = t.body(data); err != nil {
		return r, err
	}
	for _, h := range t.headers {
		value, err := execute(h.value, data)
		if err != nil {
			return r, err
		}
		r.headers = append(r.headers, header{h.name, value})
	}
	return r, nil
}

func execute(t *template.Template, data any) (string, error) {
	var b strings.Builder
	if err := t.Execute(&b, data); err != nil {
		return "", &job.CallError{Kind: "template", Message: "call.http." + t.Name() + ": " + reason(err)}
	}
	return b.String(), nil
}

// reason drops the "template: url:1:2: " in front.
func reason(err error) string {
	text := err.Error()
	if _, rest, ok := strings.Cut(text, ">: "); ok {
		return rest
	}
	return strings.TrimPrefix(text, "template: ")
}
