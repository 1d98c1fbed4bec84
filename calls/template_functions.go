package calls

import (
	"encoding/json"
	"fmt"
	"regexp"
	"strconv"
	"strings"
	"text/template"

	"longhaul/calls/plain"
)

// How much longer a text can be than what it comes from: a composite value, which is
// part of the record, as print or json writes it ({} is map[], one byte that is not
// UTF-8 becomes three), a value as %#v does, a text by escapes (\u0001).
const (
	printedLonger  = 3
	verboseLonger  = 24
	escapedLonger  = 6
	numberLength   = 400        // %f of the largest
	maxFormatWidth = 10_000_010 // fmt reads one digit after a million
)

// functions are those of templates that do not give long texts; job.TemplateFunctions
// has the names of those that are ours.
func functions(env func(string) (string, error)) template.FuncMap {
	return template.FuncMap{"json": plain.JSONText, "env": variable(env), "index": element}
}

// boundedFunctions are those whose texts can be longer than what they are given: ours,
// and those of text/template by the same names. They use the budget of the execution.
func (e *execution) boundedFunctions() template.FuncMap {
	joined := func(longer int64, function func(...any) string) func(...any) (string, error) {
		return func(args ...any) (string, error) {
			most := int64(0)
			for _, arg := range args {
				most += e.budget.length(arg) + 1 // a space
			}
			if err := e.budget.mayMake(longer * most); err != nil {
				return "", err
			}
			return e.budget.made(function(args...)), nil
		}
	}
	return template.FuncMap{
		"print": joined(1, fmt.Sprint), "println": joined(1, fmt.Sprintln), "printf": e.printf, "json": e.json,
		"html": joined(escapedLonger, template.HTMLEscaper), "js": joined(escapedLonger, template.JSEscaper),
		"urlquery": joined(escapedLonger, template.URLQueryEscaper),
	}
}

// isBounded has the names of boundedFunctions.
var isBounded = map[string]bool{"print": true, "println": true, "printf": true, "json": true, "html": true, "js": true, "urlquery": true}

// length is an upper bound of the length of what print writes for the value, and of
// what json does unless it is a string.
func (b *budget) length(value any) int64 {
	switch value := value.(type) {
	case string:
		return int64(len(value))
	case json.Number:
		return int64(len(value))
	case map[string]any, []any:
		return printedLonger*b.record + numberLength
	default:
		return numberLength
	}
}

func (e *execution) json(value any) (string, error) {
	most := e.budget.length(value)
	if _, isString := value.(string); isString {
		most = escapedLonger*most + numberLength
	}
	if err := e.budget.mayMake(most); err != nil {
		return "", err
	}
	text, err := plain.JSONText(value)
	return e.budget.made(text), err
}

func (e *execution) printf(format string, args ...any) (string, error) {
	longest, elements := int64(numberLength), int64(1)
	for _, arg := range args {
		longest = max(longest, e.budget.length(arg))
		switch arg.(type) {
		case map[string]any, []any:
			elements = max(elements, e.budget.record)
		}
	}
	verbs := int64(strings.Count(format, "%"))
	most := int64(len(format)) + (verbs+int64(len(args)))*(verboseLonger*longest+numberLength+2*maxFormatWidth*elements)
	if most > e.budget.left.made { // rather precisely, then
		most = longestFormat(format, longest, elements, len(args))
	}
	if err := e.budget.mayMake(most); err != nil {
		return "", err
	}
	return e.budget.made(fmt.Sprintf(format, args...)), nil
}

// verb is one of a format: flags, width, precision, and the verb itself.
var verb = regexp.MustCompile(`(?s)%([-+# 0]*)(?:\[[^\]]*\])?([0-9]+|\*)?(?:\.(?:\[[^\]]*\])?([0-9]+|\*)?)?(?:\[[^\]]*\])?(.)`)

// longestFormat is an upper bound of what a format gives for arguments none of which
// is longer than that, or has more elements: each of them has the width.
func longestFormat(format string, longest, elements int64, args int) int64 {
	const complaint = 64 // %!d(BADINDEX)
	verbs := int64(strings.Count(format, "%"))
	most := int64(len(format)) + int64(args)*(longest+numberLength) + verbs*complaint
	for _, found := range verb.FindAllStringSubmatch(format, -1) {
		longer := int64(1)
		if strings.Contains(found[1], "#") || !isShort[found[4]] {
			longer = verboseLonger
		}
		most += longer*longest + (formatWidth(found[2])+formatWidth(found[3]))*elements
	}
	return most
}

// isShort has the verbs that write a value as print does.
var isShort = map[string]bool{"s": true, "v": true, "d": true, "t": true, "%": true}

func formatWidth(text string) int64 {
	if text == "" {
		return 0
	}
	if n, err := strconv.ParseInt(text, 10, 64); err == nil {
		return min(n, maxFormatWidth)
	}
	return maxFormatWidth // a star, or far too long
}
