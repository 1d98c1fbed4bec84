package job

import "encoding/json"

// Body is the body of a request: a template, or a JSON value whose strings are
// templates, so that quotes in data can never break the JSON.
type Body struct {
	Text string
	// Tree is set instead of Text if the body is JSON other than a string.
	Tree json.RawMessage
}

// IsEmpty says whether there is no body.
func (b Body) IsEmpty() bool { return b.Text == "" && len(b.Tree) == 0 }

// IsZero leaves an empty body out of the JSON.
func (b Body) IsZero() bool { return b.IsEmpty() }

// UnmarshalJSON reads a string as text, anything else as a tree.
func (b *Body) UnmarshalJSON(data []byte) error {
	if json.Unmarshal(data, &b.Text) == nil {
		return nil
	}
	b.Text, b.Tree = "", append(json.RawMessage(nil), data...)
	return nil
}

// MarshalJSON writes what was read.
func (b Body) MarshalJSON() ([]byte, error) {
	if len(b.Tree) > 0 {
		return b.Tree, nil
	}
	return json.Marshal(b.Text)
}
