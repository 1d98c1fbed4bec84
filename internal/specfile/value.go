package specfile

import (
	"encoding/json"
	"maps"
	"slices"
	"strconv"
	"strings"

	"go.yaml.in/yaml/v3"
)

func (d *document) object(path string, node *yaml.Node) any {
	if d.isTemplate(node) {
		d.unquoted(path, node.Line, node.Column)
		return nil
	}
	object, merged := map[string]any{}, map[string]any{}
	for i := 0; i+1 < len(node.Content); i += 2 {
		key, child := node.Content[i], node.Content[i+1]
		at := place{key.Line, key.Column}
		if key.ShortTag() == "!!merge" {
			d.merge(path, child, merged)
			continue
		}
		if key.Kind == yaml.AliasNode {
			key = key.Alias
		}
		if key.Kind != yaml.ScalarNode {
			d.wrong(at, path, "", "the name of a field must be a text")
			continue
		}
		field := joinPath(path, key.Value)
		if _, twice := object[key.Value]; twice {
			d.wrong(at, field, "keep one of them", "is there twice, first in line %d", d.at[field].line)
			continue
		}
		d.at[field] = at
		object[key.Value] = d.value(field, child)
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
func (d *document) merge(path string, node *yaml.Node, into map[string]any) {
	nodes := []*yaml.Node{node}
	if node.Kind == yaml.SequenceNode {
		nodes = node.Content
	}
	for _, node := range slices.Backward(nodes) {
		object, ok := d.value(path, node).(map[string]any)
		if !ok {
			d.wrong(place{node.Line, node.Column}, path, "", "<< takes a mapping")
		}
		maps.Copy(into, object)
	}
}

func (d *document) scalar(path string, node *yaml.Node) any {
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
		d.wrong(place{node.Line, node.Column}, path, "", "%s is not a number that JSON has", node.Value)
		return nil
	case "!!binary":
		var value string
		if err := node.Decode(&value); err == nil {
			return value
		}
	}
	return node.Value
}
