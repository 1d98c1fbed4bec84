package specfile

import (
	"bytes"
	"encoding/json"
	"unicode/utf8"

	"go.yaml.in/yaml/v3"
)

// jsonReader makes the nodes of valid JSON, with their places. YAML is nearly, but not
// quite, a superset of JSON: it has no \/, no surrogates, and fewer places for a tab.
type jsonReader struct {
	data    []byte
	decoder *json.Decoder
	// at is the place of the offset-th byte.
	at     place
	offset int
}

// jsonNode is the value that the JSON is, as yaml.v3 would give it.
func jsonNode(data []byte) *yaml.Node {
	r := &jsonReader{data: data, decoder: json.NewDecoder(bytes.NewReader(data)), at: place{1, 1}}
	r.decoder.UseNumber()
	return r.node()
}

func (r *jsonReader) node() *yaml.Node {
	node := &yaml.Node{Kind: yaml.ScalarNode}
	r.advance()
	node.Line, node.Column = r.at.line, r.at.column
	token, err := r.decoder.Token()
	if err != nil {
		return node // it is valid: see parse
	}
	switch token := token.(type) {
	case json.Delim:
		node.Kind, node.Tag = yaml.SequenceNode, "!!seq"
		if token == '{' {
			node.Kind, node.Tag = yaml.MappingNode, "!!map"
		}
		for r.decoder.More() {
			node.Content = append(node.Content, r.node())
		}
		_, _ = r.decoder.Token() // what closes it
	case string:
		node.Tag, node.Value = "!!str", token
	case json.Number:
		node.Tag, node.Value = "!!float", token.String()
	case bool:
		node.Tag, node.Value = "!!bool", map[bool]string{true: "true", false: "false"}[token]
	case nil:
		node.Tag = "!!null"
	}
	return node
}

// advance goes to where the next token begins.
func (r *jsonReader) advance() {
	next := int(r.decoder.InputOffset())
	for next < len(r.data) && bytes.IndexByte([]byte(" \t\r\n,:"), r.data[next]) >= 0 {
		next++
	}
	for ; r.offset < next; r.offset++ {
		if r.at.column++; r.data[r.offset] == '\n' {
			r.at = place{r.at.line + 1, 1}
		} else if !utf8.RuneStart(r.data[r.offset]) {
			r.at.column--
		}
	}
}
