package job

import (
	"encoding/json"
	"maps"
	"slices"
	"text/template"
	"text/template/parse"
)

// EnvNames returns the environment variables that the templates of the call name,
// {{env "NAME"}}, sorted. A name that is itself computed is not among them, and a
// text that does not parse has none: an error of its own tells about that.
func (s Spec) EnvNames() []string {
	if s.Call.HTTP == nil {
		return nil
	}
	found := envNames{}
	h := s.Call.HTTP
	found.text(h.URL)
	for value := range maps.Values(h.Headers) {
		found.text(value)
	}
	found.text(h.Body.Text)
	var tree any
	if len(h.Body.Tree) > 0 && json.Unmarshal(h.Body.Tree, &tree) == nil {
		found.tree(tree)
	}
	return slices.Sorted(maps.Keys(found))
}

type envNames map[string]bool

func (e envNames) tree(value any) {
	switch value := value.(type) {
	case string:
		e.text(value)
	case []any:
		for _, element := range value {
			e.tree(element)
		}
	case map[string]any:
		for _, element := range value {
			e.tree(element)
		}
	}
}

// text parses one template. Only the functions' names count here.
func (e envNames) text(text string) {
	stub := func(...any) string { return "" }
	parsed, err := template.New("").Funcs(template.FuncMap{"env": stub, "json": stub}).Parse(text)
	if err != nil {
		return
	}
	for _, defined := range parsed.Templates() {
		if defined.Tree != nil && defined.Root != nil {
			e.node(defined.Root)
		}
	}
}

func (e envNames) node(node parse.Node) {
	switch n := node.(type) {
	case *parse.ListNode:
		if n != nil { // an if without else has none
			e.nodes(n.Nodes)
		}
	case *parse.ActionNode:
		e.node(n.Pipe)
	case *parse.TemplateNode:
		e.node(n.Pipe)
	case *parse.IfNode:
		e.branch(&n.BranchNode)
	case *parse.RangeNode:
		e.branch(&n.BranchNode)
	case *parse.WithNode:
		e.branch(&n.BranchNode)
	case *parse.ChainNode:
		e.node(n.Node)
	case *parse.PipeNode:
		e.pipe(n)
	case *parse.CommandNode:
		e.command(n)
	}
}

func (e envNames) nodes(nodes []parse.Node) {
	for _, node := range nodes {
		e.node(node)
	}
}

func (e envNames) branch(n *parse.BranchNode) {
	e.node(n.Pipe)
	e.node(n.List)
	e.node(n.ElseList)
}

// pipe also sees {{"NAME" | env}}.
func (e envNames) pipe(n *parse.PipeNode) {
	if n == nil {
		return
	}
	for i, command := range n.Cmds {
		e.command(command)
		if i > 0 && len(command.Args) == 1 && isEnv(command.Args[0]) {
			e.name(n.Cmds[i-1].Args)
		}
	}
}

func (e envNames) command(n *parse.CommandNode) {
	if len(n.Args) > 1 && isEnv(n.Args[0]) {
		e.name(n.Args[1:])
	}
	e.nodes(n.Args)
}

// name notes what is nothing but a literal, in parentheses or not.
func (e envNames) name(nodes []parse.Node) {
	if len(nodes) != 1 {
		return
	}
	switch n := nodes[0].(type) {
	case *parse.StringNode:
		e[n.Text] = true
	case *parse.PipeNode:
		if len(n.Cmds) == 1 && len(n.Decl) == 0 {
			e.name(n.Cmds[0].Args)
		}
	}
}

func isEnv(node parse.Node) bool {
	identifier, ok := node.(*parse.IdentifierNode)
	return ok && identifier.Ident == "env"
}
