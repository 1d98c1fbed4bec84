package calls

import (
	"bytes"
	"encoding/json"
	"maps"
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

func parseTemplates(spec job.HTTPSpec, env func(string) (string, error)) (*templates, error) {
	parsed, problems := readTemplates(spec, env)
	return parsed, job.Joined(problems)
}

// readTemplates parses all texts of a request, and returns everything that is
// wrong with them.
func readTemplates(spec job.HTTPSpec, env func(string) (string, error)) (*templates, []*job.Error) {
	t := &templates{}
	var problems []*job.Error
	known := functions(env)
	parse := func(field, text string) *template.Template {
		parsed, problem := job.ParseTemplate(field, text, known)
		if problem != nil {
			problems = append(problems, problem)
		}
		return parsed
	}
	t.url = parse("url", spec.URL)
	body, err := parseBody(spec.Body, parse)
	if err != nil {
		problems = append(problems, job.Errorf(job.KindSpec, "call.http.body", "%w", err))
	}
	t.body = body
	for _, name := range slices.Sorted(maps.Keys(spec.Headers)) {
		t.headers = append(t.headers, headerTemplate{name, parse("headers."+name, spec.Headers[name])})
	}
	return t, problems
}

// functions are those of templates; job.TemplateFunctions has their names.
func functions(env func(string) (string, error)) template.FuncMap {
	return template.FuncMap{"json": jsonText, "env": variable(env), "index": element}
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
		return request{}, &templateError{
			CallError: &job.CallError{Kind: "template", Message: "the record is not JSON: " + err.Error()}, told: "the record is not JSON",
		}
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
		return "", newTemplateError(t, data, err)
	}
	return b.String(), nil
}
