package calls

import (
	"encoding/json"
	"errors"
	"fmt"
	"maps"
	"regexp"
	"slices"
	"strconv"
	"strings"
	"text/template"
	"text/template/parse"

	"longhaul/job"
)

// missingFieldError is a field that a template names and the record does not have.
type missingFieldError struct {
	// of is the field without the last name: ".a" of ".a.b".
	of, name string
	// value is what stands there, without that field.
	value any
}

func (e *missingFieldError) Error() string {
	owner := "the record"
	if e.of != "" {
		owner += "'s " + strings.TrimPrefix(e.of, ".")
	}
	object, ok := e.value.(map[string]any)
	if !ok {
		text := fmt.Sprintf("%s has no field %s: it is %s", owner, e.name, kindOf(e.value))
		if e.of == "" {
			text += ", write {{.}}"
		}
		return text
	}
	if len(object) == 0 {
		return fmt.Sprintf("%s has no field %s; it has none", owner, e.name)
	}
	return fmt.Sprintf("%s has no field %s; it has %s", owner, e.name, someNames(e.name, object))
}

// someNames lists the fields of a record, those that are most like the name
// first.
func someNames(name string, object map[string]any) string {
	const most, longest = 10, 60
	names := job.ByLikeness(name, slices.Sorted(maps.Keys(object)))
	rest := len(names) - most
	if rest > 0 {
		names = names[:most]
	}
	shown := make([]string, len(names))
	for i, name := range names {
		if shown[i] = name; len(name) > longest || strings.ContainsAny(name, " ,;\"\t\r\n") || name == "" {
			shown[i] = strconv.Quote(strings.ToValidUTF8(name[:min(len(name), longest)], ""))
		}
	}
	text := strings.Join(shown, ", ")
	if rest > 0 {
		text += fmt.Sprintf(" and %d more", rest)
	}
	return text
}

func kindOf(value any) string {
	switch value.(type) {
	case nil:
		return "null"
	case string:
		return "a text"
	case json.Number:
		return "a number"
	case bool:
		return "true or false"
	case []any:
		return "a list"
	default:
		return "an object"
	}
}

// element is the function index of templates. The one of text/template gives
// "<no value>" for a field that is not there.
func element(value any, keys ...any) (any, error) {
	of := ""
	for _, key := range keys {
		switch at := key.(type) {
		case string:
			object, _ := value.(map[string]any)
			next, ok := object[at]
			if !ok {
				return nil, &missingFieldError{of, at, value}
			}
			value, of = next, of+"."+at
		case int:
			list, ok := value.([]any)
			if !ok {
				return nil, fmt.Errorf("element %d of %s: it is no list", at, kindOf(value))
			}
			if at < 0 || at >= len(list) {
				return nil, fmt.Errorf("there is no element %d in a list of %d", at, len(list))
			}
			value, of = list[at], fmt.Sprintf("%s[%d]", of, at)
		default:
			return nil, fmt.Errorf("index takes names and whole numbers, not %v", key)
		}
	}
	return value, nil
}

// whyNot says why a template cannot be filled in. Where that is a field that is
// not there, it names those that are.
func whyNot(t *template.Template, data any, err error) string {
	var missing *missingFieldError
	if errors.As(err, &missing) {
		return missing.Error()
	}
	text := reason(err)
	if !strings.Contains(text, "map has no entry for key") && !strings.Contains(text, "can't evaluate field") && !strings.Contains(text, "nil data") &&
		!strings.Contains(text, "nil pointer evaluating") {
		return text
	}
	for _, chain := range fieldsOf(t.Root) {
		// In a branch that was not taken another one may be missing.
		if missing := follow(data, chain); missing != nil && strings.Contains(text, missing.name) {
			return missing.Error()
		}
	}
	return text
}

// inFunction is in front of what a function of ours says.
var inFunction = regexp.MustCompile(`^error calling (?:env|index|json): `)

// reason drops the "template: url:1:2: " in front.
func reason(err error) string {
	text := err.Error()
	if _, rest, ok := strings.Cut(text, ">: "); ok {
		return inFunction.ReplaceAllString(rest, "")
	}
	return strings.TrimPrefix(text, "template: ")
}

// follow walks down the names; nil if all are there.
func follow(value any, names []string) *missingFieldError {
	of := ""
	for _, name := range names {
		object, _ := value.(map[string]any)
		next, ok := object[name]
		if !ok {
			return &missingFieldError{of, name, value}
		}
		value, of = next, of+"."+name
	}
	return nil
}

// fieldsOf are the fields of the record that a template names, in its order.
// Those inside of with and range are fields of something else.
func fieldsOf(node parse.Node) [][]string {
	var fields [][]string
	switch n := node.(type) {
	case *parse.ListNode:
		for _, child := range n.Nodes {
			fields = append(fields, fieldsOf(child)...)
		}
	case *parse.ActionNode:
		return fieldsOf(n.Pipe)
	case *parse.IfNode:
		fields = fieldsOf(n.Pipe)
		for _, list := range []*parse.ListNode{n.List, n.ElseList} {
			if list != nil {
				fields = append(fields, fieldsOf(list)...)
			}
		}
	case *parse.WithNode:
		return fieldsOf(n.Pipe)
	case *parse.RangeNode:
		return fieldsOf(n.Pipe)
	case *parse.PipeNode:
		for _, command := range n.Cmds {
			for _, argument := range command.Args {
				fields = append(fields, fieldsOf(argument)...)
			}
		}
	case *parse.FieldNode:
		return [][]string{n.Ident}
	case *parse.VariableNode:
		if n.Ident[0] == "$" && len(n.Ident) > 1 {
			return [][]string{n.Ident[1:]}
		}
	}
	return fields
}
