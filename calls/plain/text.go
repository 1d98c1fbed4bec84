package plain

import (
	"net/url"
	"slices"
	"text/template"
	"text/template/parse"
)

// Texts are those of one request, which share the record's values.
type Texts struct {
	// env looks up a variable of the environment.
	env func(name string) (string, error)
	// fields are those of the record that the texts have.
	fields []string
}

// New has no texts yet.
func New(env func(name string) (string, error)) *Texts { return &Texts{env: env} }

// Text is a template that can be filled in here.
type Text []piece

// piece is a text itself, or a value.
type piece struct {
	text string
	from source
	// field is the place of a field's name, variable the name of a variable.
	field    int
	variable string
	as       encoding
}

type source int

const (
	constant source = iota
	field
	whole
	environment
)

// encoding is what becomes of a value.
type encoding int

const (
	asItIs encoding = iota
	inQuery
	// inJSON is for a part of a string, asJSON for a value.
	inJSON
	asJSON
)

// Text is false if the template needs text/template.
func (t *Texts) Text(parsed *template.Template) (Text, bool) {
	if parsed == nil || parsed.Tree == nil || parsed.Root == nil || len(parsed.Templates()) > 1 {
		return nil, false
	}
	text := Text{}
	for _, node := range parsed.Root.Nodes {
		p, ok := t.piece(node)
		if !ok {
			return nil, false
		}
		text = append(text, p)
	}
	return text, true
}

func (t *Texts) piece(node parse.Node) (piece, bool) {
	switch n := node.(type) {
	case *parse.TextNode:
		return piece{text: string(n.Text)}, true
	case *parse.ActionNode:
		if len(n.Pipe.Decl) > 0 {
			return piece{}, false
		}
		switch commands := n.Pipe.Cmds; len(commands) {
		case 1:
			return t.value(commands[0])
		case 2:
			p, ok := t.value(commands[0])
			p.as = inQuery
			return p, ok && isFunction(commands[1], "urlquery")
		}
	}
	return piece{}, false
}

// value is what a command stands for: the record, a field, a variable, or JSON of one.
func (t *Texts) value(command *parse.CommandNode) (piece, bool) {
	switch args := command.Args; {
	case len(args) == 1:
		return t.operand(args[0])
	case len(args) == 2 && isName(args[0], "env"):
		name, ok := args[1].(*parse.StringNode)
		if !ok {
			return piece{}, false
		}
		return piece{from: environment, variable: name.Text}, true
	case len(args) == 2 && isName(args[0], "urlquery"):
		p, ok := t.operand(args[1])
		p.as = inQuery
		return p, ok
	default:
		return piece{}, false
	}
}

func (t *Texts) operand(node parse.Node) (piece, bool) {
	switch n := node.(type) {
	case *parse.DotNode:
		return piece{from: whole}, true
	case *parse.FieldNode:
		if len(n.Ident) == 1 {
			return piece{from: field, field: t.place(n.Ident[0])}, true
		}
	}
	return piece{}, false
}

func (t *Texts) place(name string) int {
	if i := slices.Index(t.fields, name); i >= 0 {
		return i
	}
	t.fields = append(t.fields, name)
	return len(t.fields) - 1
}

func isFunction(command *parse.CommandNode, name string) bool {
	return len(command.Args) == 1 && isName(command.Args[0], name)
}

func isName(node parse.Node, name string) bool {
	identifier, ok := node.(*parse.IdentifierNode)
	return ok && identifier.Ident == name
}

// Append appends the text with the values of a record. It is false if text/template has to
// do it.
func (text Text) Append(dst []byte, t *Texts, values Values) ([]byte, bool) {
	for _, p := range text {
		if p.from == constant {
			dst = append(dst, p.text...)
			continue
		}
		v, ok := t.of(p, values)
		if !ok {
			return dst, false
		}
		switch p.as {
		case asItIs:
			dst = append(dst, v.text...)
		case inQuery:
			dst = append(dst, url.QueryEscape(v.text)...)
		case inJSON, asJSON:
			if v.isString && !standsInJSON(v.text) {
				return dst, false
			}
			if quoted := v.isString && p.as == asJSON; quoted {
				dst = append(append(append(dst, '"'), v.text...), '"')
			} else {
				dst = append(dst, v.text...)
			}
		}
	}
	return dst, true
}

func (t *Texts) of(p piece, values Values) (value, bool) {
	switch p.from {
	case field:
		return values.fields[p.field], values.fields[p.field].text != "" || values.fields[p.field].isString
	case whole:
		return values.whole, values.whole.text != "" || values.whole.isString
	default:
		text, err := t.env(p.variable)
		return value{text, true}, err == nil
	}
}
