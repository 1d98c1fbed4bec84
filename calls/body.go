package calls

import (
	"bytes"
	"encoding/json"
	"fmt"
	"maps"
	"regexp"
	"slices"
	"strings"

	"longhaul/calls/plain"
	"longhaul/job"
)

// bodyTemplate makes a body of a record; nil if there is none.
type bodyTemplate func(b *budget, data any) (string, error)

// parser parses one text of the spec; the field is for errors, which it keeps.
// The result is not used if there are any.
type parser func(field, source string) *text

func parseBody(body job.Body, parse parser) (bodyTemplate, error) {
	if len(body.Tree) == 0 {
		return parse("body", body.Text).execute, nil
	}
	decoder := json.NewDecoder(bytes.NewReader(body.Tree))
	decoder.UseNumber()
	var tree any
	if err := decoder.Decode(&tree); err != nil {
		return nil, err
	}
	fill := parseTree("body", tree, parse)
	return func(b *budget, data any) (string, error) {
		filled, err := fill(b, data)
		if err != nil {
			return "", err
		}
		body, err := plain.JSONText(filled)
		if err == nil && int64(len(body)) > b.all.written { // by its escapes
			err = unfinished("body", b.write(int64(len(body))))
		}
		return body, err
	}, nil
}

// treeTemplate makes a JSON value of a record.
type treeTemplate func(b *budget, data any) (any, error)

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
		return func(*budget, any) (any, error) { return value, nil }
	}
}

func parseString(field, source string, parse parser) treeTemplate {
	if !strings.Contains(source, "{{") {
		return func(*budget, any) (any, error) { return source, nil }
	}
	parsed := parse(field, source)
	return func(b *budget, data any) (any, error) {
		filled, err := parsed.execute(b, data)
		if err != nil || !wholeJSON.MatchString(source) {
			return filled, err
		}
		if !json.Valid([]byte(filled)) { // a function behind json has changed it
			return nil, &job.CallError{Kind: "template", Message: "call.http." + field + ": " + source + " does not give JSON for this record"}
		}
		return json.RawMessage(filled), nil
	}
}

func parseList(field string, values []any, parse parser) treeTemplate {
	fills := make([]treeTemplate, len(values))
	for i, value := range values {
		fills[i] = parseTree(fmt.Sprintf("%s[%d]", field, i), value, parse)
	}
	return func(b *budget, data any) (any, error) {
		filled := make([]any, len(fills))
		for i, fill := range fills {
			var err error
			if filled[i], err = fill(b, data); err != nil {
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
	return func(b *budget, data any) (any, error) {
		filled := make(map[string]any, len(fills))
		for name, fill := range fills {
			var err error
			if filled[name], err = fill(b, data); err != nil {
				return nil, err
			}
		}
		return filled, nil
	}
}
