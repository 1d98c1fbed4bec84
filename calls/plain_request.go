package calls

import (
	"bytes"
	"encoding/json"
	"text/template"

	"longhaul/calls/plain"
	"longhaul/job"
)

// plainRequest are the templates of a request that needs no text/template.
type plainRequest struct {
	texts     *plain.Texts
	url, body plain.Text
	headers   []plain.Text
}

// newPlainRequest is nil if the request needs it. The templates have parsed already.
func newPlainRequest(t *templates, spec job.HTTPSpec, env func(string) (string, error)) *plainRequest {
	p := &plainRequest{texts: plain.New(variable(env))}
	known := functions(env)
	parsed := func(source string) *template.Template {
		parsed, problem := job.ParseTemplate("", source, known)
		if problem != nil {
			return nil
		}
		return parsed
	}
	var ok bool
	if p.url, ok = p.texts.Text(t.url.parsed); !ok {
		return nil
	}
	if len(spec.Body.Tree) == 0 {
		p.body, ok = p.texts.Text(parsed(spec.Body.Text))
	} else if tree, err := decodeNumbers(bytes.Clone(spec.Body.Tree)); err == nil {
		p.body, ok = p.texts.JSON(tree, parsed)
	}
	if !ok {
		return nil
	}
	for _, h := range t.headers {
		text, ok := p.texts.Text(h.value.parsed)
		if !ok {
			return nil
		}
		p.headers = append(p.headers, text)
	}
	return p
}

// fill is false if the record needs text/template.
func (p *plainRequest) fill(value json.RawMessage, headers []headerTemplate) (r request, ok bool) {
	values, ok := p.texts.Read(value)
	if !ok {
		return r, false
	}
	var buffer [512]byte
	made := func(text plain.Text) string {
		var filled []byte
		if ok {
			filled, ok = text.Append(buffer[:0], p.texts, values)
		}
		return string(filled)
	}
	r.url, r.body = made(p.url), made(p.body)
	if len(headers) > 0 {
		r.headers = make([]header, len(headers))
	}
	for i, h := range headers {
		r.headers[i] = header{h.name, made(p.headers[i])}
	}
	return r, ok
}
