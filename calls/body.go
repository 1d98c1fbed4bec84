package calls

import (
	"bytes"
	"encoding/json"
	"fmt"
	"maps"
	"regexp"
	"slices"
	"strings"
	"text/template"

	"longhaul/job"
)

// bodyTemplate makes a body of a record; nil if there is none.
type bodyTemplate func(data any) (string, error)

// parser parses one text of the spec; the field is for errors, which it keeps.
// The result is not used if there are any.
type parser func(field, text string) *template.Template

func parseBody(body job.Body, parse parser) (bodyTemplate, error) {
	if len(body.Tree) == 0 {
		text := parse("body", body.Text)
		return func(data any) (string, error) { return execute(text, data) }, nil
	}
	decoder := json.NewDecoder(bytes.NewReader(body.Tree))
	decoder.UseNumber()
	var tree any
	if err := decoder.Decode(&tree); err != nil {
		return nil, err
	}
	fill := parseTree("body", tree, parse)
	return func(data any) (string, error) {
		filled, err := fill(data)
		if err != nil {
			return "", err
		}
		return jsonText(filled)
	}, nil
}

// treeTemplate makes a JSON value of a record.
type treeTemplate func(data any) (any, error)

// wholeJSON is a string that is nothing but {{json ...}}: it stands for the value
// itself, not for a string with the value's text.
var wholeJSON = regexp.MustCompile(`^\{\{-?\s*json\s[^{}]*\}\}$`)

func parseTree(field string, tree any, parse parser) treeTemplate {
	switch value := tree.(type) {
	case string:
		return parseString(field, value, parse)
	case []any:
		return parseList(field, value, parse)
	case map[string]any:
		return parseObject(field, value, parse)
	default:
		return func(any) (any, error) { return value, nil }
	}
}

func parseString(field, text string, parse parser) treeTemplate {
	if !strings.Contains(text, "{{") {
		return func(any) (any, error) { return text, nil }
	}
	parsed := parse(field, text)
	return func(data any) (any, error) {
		filled, err := execute(parsed, data)
		if err == nil && wholeJSON.MatchString(text) {
			return json.RawMessage(filled), nil
		}
		return filled, err
	}
}

func parseList(field string, values []any, parse parser) treeTemplate {
	fills := make([]treeTemplate, len(values))
	for i, value := range values {
		fills[i] = parseTree(fmt.Sprintf("%s[%d]", field, i), value, parse)
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
	}
}

func parseObject(field string, values map[string]any, parse parser) treeTemplate {
	fills := make(map[string]treeTemplate, len(values))
	for _, name := range slices.Sorted(maps.Keys(values)) {
		fills[name] = parseTree(field+"."+name, values[name], parse)
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
	}
}
