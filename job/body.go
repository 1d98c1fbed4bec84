package job

import "encoding/json"

// Body is the body of a request: a template, or a JSON value whose strings are
// templates, so that quotes in data can never break the JSON.
type Body struct {
	Text string
	// Tree is set instead of Text if the body is JSON other than a string. One
	// that was decoded is compact and has its keys in order, so that it is the
	// same whichever file, indented or not, it has come through.
	Tree json.RawMessage
}

// IsEmpty says whether there is no body.
func (b Body) IsEmpty() bool { return b.Text == "" && len(b.Tree) == 0 }

// IsZero leaves an empty body out of the JSON.
func (b Body) IsZero() bool { return b.IsEmpty() }

// UnmarshalJSON reads a string as text, anything else as a tree.
func (b *Body) UnmarshalJSON(data []byte) error {
	*b = Body{}
	if json.Unmarshal(data, &b.Text) == nil {
		return nil
	}
	var err error
	b.Tree, err = compactJSON(data)
	return err
}

// MarshalJSON writes what was read.
func (b Body) MarshalJSON() ([]byte, error) {
	if len(b.Tree) > 0 {
		return b.Tree, nil
	}
	return json.Marshal(b.Text)
}

// identity is the same for bodies that mean the same.
func (b Body) identity() string {
	if len(b.Tree) > 0 {
		return "tree " + canonicalJSON(b.Tree)
	}
	return "text " + b.Text
}
