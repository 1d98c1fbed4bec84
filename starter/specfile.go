package main

import (
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"maps"
	"regexp"
	"slices"
	"strconv"
	"strings"
	"unicode/utf8"

	goccy "github.com/goccy/go-yaml"
	"github.com/goccy/go-yaml/parser"
	"go.yaml.in/yaml/v3"

	"longhaul/job"
)

// specFile is a spec as text: its JSON, and where each field stands.
type specFile struct {
	name string
	// json is nil if nothing can be read.
	json  []byte
	lines []string
	// nodes were read so far, depth of them are around this one.
	nodes, depth int
	// at are the places of fields by path, such as "call.http.retry_on[1]".
	at       map[string]place
	problems []problem
}

// place is a line and a column from 1; no line if it is not known.
type place struct{ line, column int }

// problem is something wrong at a place.
type problem struct {
	place
	*job.Error
}

// readSpecFile reads YAML or JSON. Numbers keep the digits that they were written
// with.
func readSpecFile(name string, data []byte) *specFile {
	f := &specFile{name: name, at: map[string]place{}}
	data = bytes.TrimPrefix(data, []byte("\uFEFF"))
	text := data
	if json.Valid(data) {
		// YAML has no surrogates; only the places are read from it.
		text = surrogate.ReplaceAll(data, []byte(`\u0020`))
	}
	f.lines = strings.Split(string(text), "\n")
	decoder := yaml.NewDecoder(bytes.NewReader(text))
	var document, another yaml.Node
	switch err := decoder.Decode(&document); {
	case errors.Is(err, io.EOF):
		f.wrong(place{}, "", "", "the file is empty")
		return f
	case err != nil:
		f.syntaxError(text, err)
		return f
	}
	value := f.value("", document.Content[0])
	if decoder.Decode(&another) == nil {
		f.wrong(place{another.Line, another.Column}, "", "", "there is a second document; a file holds one spec")
	}
	if f.json = data; !json.Valid(data) {
		f.json = encode(value)
	}
	return f
}

// surrogate is one half of a character beyond U+FFFF in JSON.
var surrogate = regexp.MustCompile(`\\u[dD][89a-fA-F][0-9a-fA-F]{2}`)

func encode(value any) []byte {
	text, err := json.Marshal(value)
	if err != nil {
		panic(err) // value makes nothing but JSON
	}
	return text
}

// wrong notes a problem; hint may be empty.
func (f *specFile) wrong(at place, field, hint, format string, args ...any) {
	err := job.Errorf(job.KindSpec, field, format, args...)
	err.Hint = hint
	f.problems = append(f.problems, problem{at, err})
}

// Bounds for aliases that lead to themselves, or multiply.
const (
	mostNodes = 1_000_000
	deepest   = 100
)

// value makes a JSON value of a node, and notes where it stands.
func (f *specFile) value(path string, node *yaml.Node) any {
	at := place{node.Line, node.Column}
	if _, known := f.at[path]; !known && path != "" {
		f.at[path] = at
	}
	f.depth++
	defer func() { f.depth-- }()
	if f.nodes++; f.nodes > mostNodes {
		return nil
	} else if f.nodes == mostNodes || f.depth > deepest {
		f.wrong(at, path, "", "holds too many values: does an alias hold itself?")
		f.nodes = mostNodes
		return nil
	}
	switch node.Kind {
	case yaml.MappingNode:
		return f.object(path, node)
	case yaml.SequenceNode:
		list := make([]any, len(node.Content))
		for i, child := range node.Content {
			list[i] = f.value(fmt.Sprintf("%s[%d]", path, i), child)
		}
		return list
	case yaml.AliasNode:
		return f.value(path, node.Alias)
	default:
		return f.scalar(path, node)
	}
}

func (f *specFile) object(path string, node *yaml.Node) any {
	if f.isTemplate(node) {
		f.unquoted(path, node.Line, node.Column)
		return nil
	}
	object, merged := map[string]any{}, map[string]any{}
	for i := 0; i+1 < len(node.Content); i += 2 {
		key, child := node.Content[i], node.Content[i+1]
		at := place{key.Line, key.Column}
		if key.ShortTag() == "!!merge" {
			f.merge(path, child, merged)
			continue
		}
		if key.Kind == yaml.AliasNode {
			key = key.Alias
		}
		if key.Kind != yaml.ScalarNode {
			f.wrong(at, path, "", "the name of a field must be a text")
			continue
		}
		field := joinPath(path, key.Value)
		if _, twice := object[key.Value]; twice {
			f.wrong(at, field, "keep one of them", "is there twice, first in line %d", f.at[field].line)
			continue
		}
		f.at[field] = at
		object[key.Value] = f.value(field, child)
	}
	for name, value := range merged {
		if _, own := object[name]; !own {
			object[name] = value
		}
	}
	return object
}

// merge reads what "<<" stands for: a mapping, or a list of them, the first of
// which counts.
func (f *specFile) merge(path string, node *yaml.Node, into map[string]any) {
	nodes := []*yaml.Node{node}
	if node.Kind == yaml.SequenceNode {
		nodes = node.Content
	}
	for _, node := range slices.Backward(nodes) {
		object, ok := f.value(path, node).(map[string]any)
		if !ok {
			f.wrong(place{node.Line, node.Column}, path, "", "<< takes a mapping")
		}
		maps.Copy(into, object)
	}
}

func (f *specFile) scalar(path string, node *yaml.Node) any {
	switch node.ShortTag() {
	case "!!null":
		return nil
	case "!!bool":
		value, err := strconv.ParseBool(strings.ToLower(node.Value))
		if err == nil {
			return value
		}
	case "!!int", "!!float":
		if json.Valid([]byte(node.Value)) {
			return json.Number(node.Value)
		}
		// 0x10, 1_000, +1, .5, .inf
		var value any
		if err := node.Decode(&value); err == nil {
			if text, err := json.Marshal(value); err == nil {
				return json.RawMessage(text)
			}
		}
		f.wrong(place{node.Line, node.Column}, path, "", "%s is not a number that JSON has", node.Value)
		return nil
	case "!!binary":
		var value string
		if err := node.Decode(&value); err == nil {
			return value
		}
	}
	return node.Value
}

// Values that YAML does not read as a text because of their braces. The second
// group is the value.
var unquotedValues = []*regexp.Regexp{
	regexp.MustCompile(`^\s*(?:- +)*([^\s'"#:]+:\s+|- +)(\{\{.*)$`),
	regexp.MustCompile(`[{,]\s*([^\s'"#:{},]+:\s+)([^\s'"{},]*\{\{.*?\}\}[^\s,}]*)`),
}

// syntaxError is about a file that is neither YAML nor JSON.
func (f *specFile) syntaxError(text []byte, err error) {
	if strings.HasSuffix(f.name, ".json") {
		var syntax *json.SyntaxError
		if errors.As(json.Unmarshal(text, new(any)), &syntax) {
			before := text[:max(0, syntax.Offset-1)]
			column := utf8.RuneCount(before[bytes.LastIndexByte(before, '\n')+1:]) + 1
			f.wrong(place{bytes.Count(before, []byte("\n")) + 1, column}, "", "", "the JSON cannot be read: %s", syntax)
			return
		}
	}
	// Unquoted braces are known by themselves: YAML gives up wherever it likes.
	for i, content := range f.lines {
		for _, unquoted := range unquotedValues {
			if at := unquoted.FindStringSubmatchIndex(content); at != nil {
				f.unquoted("", i+1, utf8.RuneCountInString(content[:at[4]])+1)
				return
			}
		}
	}
	at, message := place{}, strings.TrimPrefix(err.Error(), "yaml: ")
	// This library tells the place to the column, the other one a line near it.
	_, err = parser.ParseBytes(text, 0, parser.AllowDuplicateMapKey())
	var syntax *goccy.SyntaxError
	if errors.As(err, &syntax) {
		at, message = place{syntax.Token.Position.Line, syntax.Token.Position.Column}, syntax.Message
	}
	f.wrong(at, "", "", "the YAML cannot be read: %s", message)
}

// isTemplate says whether a mapping is a template that was meant as a text.
func (f *specFile) isTemplate(node *yaml.Node) bool {
	return len(node.Content) == 2 && node.Style&yaml.FlowStyle != 0 && node.Content[0].Kind == yaml.MappingNode
}

// unquoted is about a value with braces.
func (f *specFile) unquoted(path string, line, column int) {
	content := []rune(strings.TrimRight(f.lines[line-1], " \t\r"))
	key, value := string(content[:column-1]), string(content[column-1:])
	if inFlow := strings.ContainsAny(key, "{["); inFlow {
		value = flowValue.FindString(value)
	}
	if at := strings.LastIndexAny(strings.TrimRight(key, " "), " {[,"); at >= 0 {
		key = key[at+1:]
	}
	quoted := "'" + strings.ReplaceAll(value, "'", "''") + "'"
	f.wrong(place{line, column}, path, "quote it: "+strings.TrimLeft(key, " ")+quoted, "YAML does not read a value with {{ as a text here")
}

// flowValue is a template, and what stands around it, inside of {} or [].
var flowValue = regexp.MustCompile(`^[^\s{]*\{\{.*?\}\}[^\s,}\]]*`)

func joinPath(path, name string) string {
	if path == "" {
		return name
	}
	return path + "." + name
}
