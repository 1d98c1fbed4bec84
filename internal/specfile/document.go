package specfile

import (
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"regexp"

	"go.yaml.in/yaml/v3"

	"longhaul/job"
)

// document is a spec as text: its JSON, and where each field stands.
type document struct {
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

// parse reads YAML or JSON. Numbers keep the digits that they were written
// with.
func parse(name string, data []byte) *document {
	d := &document{name: name, at: map[string]place{}}
	data = bytes.TrimPrefix(data, []byte("\uFEFF"))
	if json.Valid(data) {
		d.json = data
		d.value("", jsonNode(data))
		return d
	}
	d.lines = lineEnd.Split(string(data), -1)
	decoder := yaml.NewDecoder(bytes.NewReader(data))
	var document, another yaml.Node
	switch err := decoder.Decode(&document); {
	case errors.Is(err, io.EOF):
		d.wrong(place{}, "", "", "the file is empty")
		return d
	case err != nil:
		d.syntaxError(data, err)
		return d
	}
	value := d.value("", document.Content[0])
	if decoder.Decode(&another) == nil {
		d.wrong(place{another.Line, another.Column}, "", "", "there is a second document; a file holds one spec")
	}
	d.json = encode(value)
	return d
}

// lineEnd is one of YAML.
var lineEnd = regexp.MustCompile(`\r\n|[\n\r\x{85}\x{2028}\x{2029}]`)

func encode(value any) []byte {
	text, err := json.Marshal(value)
	if err != nil {
		panic(err) // value makes nothing but JSON
	}
	return text
}

// wrong notes a problem; hint may be empty.
func (d *document) wrong(at place, field, hint, format string, args ...any) {
	err := job.Errorf(job.KindSpec, field, format, args...)
	err.Hint = hint
	d.problems = append(d.problems, problem{at, err})
}

// Bounds for aliases that lead to themselves, or multiply.
const (
	mostNodes = 1_000_000
	deepest   = 100
)

// value makes a JSON value of a node, and notes where it stands.
func (d *document) value(path string, node *yaml.Node) any {
	at := place{node.Line, node.Column}
	if _, known := d.at[path]; !known && path != "" {
		d.at[path] = at
	}
	d.depth++
	defer func() { d.depth-- }()
	if d.nodes++; d.nodes > mostNodes {
		return nil
	} else if d.nodes == mostNodes || d.depth > deepest {
		d.wrong(at, path, "", "holds too many values: does an alias hold itself?")
		d.nodes = mostNodes
		return nil
	}
	switch node.Kind {
	case yaml.MappingNode:
		return d.object(path, node)
	case yaml.SequenceNode:
		list := make([]any, len(node.Content))
		for i, child := range node.Content {
			list[i] = d.value(fmt.Sprintf("%s[%d]", path, i), child)
		}
		return list
	case yaml.AliasNode:
		return d.value(path, node.Alias)
	default:
		return d.scalar(path, node)
	}
}

func joinPath(path, name string) string {
	if path == "" {
		return name
	}
	return path + "." + name
}
