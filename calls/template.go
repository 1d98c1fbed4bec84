package calls

import (
	"bytes"
	"context"
	"encoding/json"
	"maps"
	"slices"

	"longhaul/job"
)

// templates are the texts of an HTTP request, to be filled in for a record.
type templates struct {
	url     *text
	body    bodyTemplate
	headers []headerTemplate
	limits  limits
	// plain is nil if the request needs text/template for every record.
	plain *plainRequest
}

type headerTemplate struct {
	name  string
	value *text
}

// request is what the templates give for one record.
type request struct {
	url, body string
	headers   []header
}

type header struct{ name, value string }

func parseTemplates(spec job.HTTPSpec, env func(string) (string, error)) (*templates, error) {
	parsed, problems := readTemplates(spec, env)
	if len(problems) == 0 {
		parsed.plain = newPlainRequest(parsed, spec, env)
	}
	return parsed, job.Joined(problems)
}

// readTemplates parses all texts of a request, and returns everything that is
// wrong with them.
func readTemplates(spec job.HTTPSpec, env func(string) (string, error)) (*templates, []*job.Error) {
	t := &templates{limits: requestLimits}
	var problems []*job.Error
	known := functions(env)
	parse := func(field, source string) *text {
		parsed, problem := job.ParseTemplate(field, source, known)
		var t *text
		if problem == nil {
			t, problem = newText(field, parsed)
		}
		if problem != nil {
			problems = append(problems, problem)
		}
		return t
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

// fill executes the templates over a record. The error is a *job.CallError and
// names the field. A template that does not end is ended with ctx at the latest.
func (t *templates) fill(ctx context.Context, record job.Record) (request, error) {
	if t.plain != nil {
		if r, ok := t.plain.fill(record.Value, t.headers); ok {
			return r, nil
		}
	}
	return t.execute(ctx, record)
}

// execute is fill by text/template.
func (t *templates) execute(ctx context.Context, record job.Record) (request, error) {
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
	b := newBudget(ctx, t.limits, int64(len(record.Value)))
	if r.url, err = t.url.execute(b, data); err != nil {
		return r, err
	}
	if r.body, err = t.body(b, data); err != nil {
		return r, err
	}
	for _, h := range t.headers {
		value, err := h.value.execute(b, data)
		if err != nil {
			return r, err
		}
		r.headers = append(r.headers, header{h.name, value})
	}
	return r, nil
}
