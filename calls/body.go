package calls

import (
	"bytes"
	"encoding/json"
	"fmt"
	"regexp"
	"strings"
	"text/template"

	"longhaul/job"
)

// bodyTemplate makes a body of a record; nil if there is none.
type bodyTemplate func(data any) (string, error)

// parser parses one text of the spec; the field is for errors.
type parser func(field, text string) (*template.Template, error)

func parseBody(body job.Body, parse parser) (bodyTemplate, error) {
	if len(body.Tree) == 0 {
		text, err := parse("body", body.Text)
		return func(data any) (string, error) { return execute(text, data) }, err
	}
	decoder := json.NewDecoder(bytes.NewReader(body.Tree))
	decoder.UseNumber()
	var tree any
	if err := decoder.Decode(&tree); err != nil {
		return nil, job.Errorf(job.KindSpec, "call.http.body", "%w", err)
	}
	fill, err := parseTree("body", tree, parse)
	return func(data any) (string, error) {
		filled, err := fill(data)
		if err != nil {
			return "", err
		}
		return jsonText(filled)
	}, err
}

// treeTemplate makes a JSON value of a record.
type treeTemplate func(data any) (any, error)

// wholeJSON is a string that is nothing but {{json ...}}: it stands for the value
// itself, not for a string with the value's text.
var wholeJSON = regexp.MustCompile(`^\{\{-?\s*json\s[^{}]*\}\}$`)

func parseTree(field string, tree any, parse parser) (treeTemplate, error) {
	switch value := tree.(type) {
	case string:
		return parseString(field, value, parse)
	case []any:
		return parseList(field, value, parse)
	case map[string]any:
		return parseObject(field, value, parse)
	default:
		return func(any) (any, error) { return value, nil }, nil
	}
}

func parseString(field, text string, parse parser) (treeTemplate, error) {
	if !strings.Contains(text, "{{") {
		return func(any) (any, error) { return text, nil }, nil
	}
	parsed, err := parse(field, text)
	return func(data any) (any, error) {
		filled, err := execute(parsed, data)
		if err == nil && wholeJSON.MatchString(text) {
			return json.RawMessage(filled), nil
		}
		return filled, err
	}, err
}

func parseList(field string, values []any, parse parser) (treeTemplate, error) {
	fills := make([]treeTemplate, len(values))
	for i, value := range values {
		fill, err := parseTree(fmt.Sprintf("%s[%d]", field, i), value, parse)
		if err != nil {
			return nil, err
		}
		fills[i] = fill
	}
	return func(data any) (any, error) {
		filled := make([]any, len(fills))
		for i, fill := range fills {
			var err error
			if filled[i], err = fill(data); err != nil {
				return nil, err
			}
		}
		return filled, nil
	}, nil
}

func parseObject(field string, values map[string]any, parse parser) (treeTemplate, error) {
	fills := make(map[string]treeTemplate, len(values))
	for name, value := range values {
		fill, err := parseTree(field+"."+name, value, parse)
		if err != nil {
			return nil, err
		}
		fills[name] = fill
	}
	return func(data any) (any, error) {
		filled := make(map[string]any, len(fills))
		for name, fill := range fills {
			var err error
			if filled[name], err = fill(data); err != nil {
				return nil, err
			}
		}
		return filled, nil
	}, nil
}
