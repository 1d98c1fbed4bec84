package calls

import (
	"maps"
	"slices"
	"sync"
	"text/template"
	"text/template/parse"

	"longhaul/job"
)

// text is a template of a spec. text/template itself bounds neither what a template
// writes nor how long it takes: a text does, by a budget.
type text struct {
	field  string
	parsed *template.Template
	// bounded says whether its functions need the budget: most do not, and are faster
	// without.
	bounded bool

	mu sync.Mutex
	// idle are those for further executions at the same time.
	idle []*execution
}

// execution is a template whose functions use the budget.
type execution struct {
	template *template.Template
	budget   *budget
}

// newText takes over the parsed template. Its error is of KindSpec.
func newText(field string, parsed *template.Template) (*text, *job.Error) {
	t := &text{field: field, parsed: parsed}
	calls := map[string][]string{}
	for _, defined := range parsed.Templates() {
		if defined.Tree != nil && defined.Root != nil {
			m := marker{}
			m.list(defined.Root)
			calls[defined.Name()] = m.templates
			t.bounded = t.bounded || m.bounded
		}
	}
	if name := callsItself(calls); name != "" {
		return nil, job.Errorf(job.KindSpec, "call.http."+field, "the template %q uses itself, which may never end", name).
			WithHint("use range, or {{json ...}} for a value with parts")
	}
	return t, nil
}

// execute fills in the record's data. The error is a *job.CallError.
func (t *text) execute(b *budget, data any) (string, error) {
	written := boundedText{budget: b}
	err := t.executeInto(&written, data)
	if err == nil {
		return written.String(), nil
	}
	if failure := unfinished(t.field, err); failure != nil {
		return "", failure
	}
	return "", &job.CallError{Kind: "template", Message: "call.http." + t.field + ": " + whyNot(t.parsed, data, err)}
}

func (t *text) executeInto(written *boundedText, data any) error {
	if !t.bounded {
		return t.parsed.Execute(written, data)
	}
	e, err := t.take()
	if err != nil {
		return err
	}
	defer t.giveBack(e)
	e.budget = written.budget
	return e.template.Execute(written, data)
}

func (t *text) take() (*execution, error) {
	t.mu.Lock()
	defer t.mu.Unlock()
	if n := len(t.idle); n > 0 {
		e := t.idle[n-1]
		t.idle = t.idle[:n-1]
		return e, nil
	}
	own, err := t.parsed.Clone()
	if err != nil {
		return nil, err
	}
	e := &execution{template: own}
	own.Funcs(e.boundedFunctions())
	return e, nil
}

func (t *text) giveBack(e *execution) {
	e.budget = nil
	t.mu.Lock()
	defer t.mu.Unlock()
	t.idle = append(t.idle, e)
}

// marker lets each round of a loop, and each use of another template, write a text of
// no bytes first: that reaches the writer, which can end the execution there. Between
// two of them is no more than the template's text and the functions in it.
type marker struct {
	templates []string
	bounded   bool
}

func (m *marker) list(list *parse.ListNode) {
	if list == nil {
		return
	}
	nodes := make([]parse.Node, 0, len(list.Nodes))
	for _, node := range list.Nodes {
		if _, ok := node.(*parse.TemplateNode); ok {
			nodes = append(nodes, mark(node.Position()))
		}
		nodes = append(nodes, node)
		m.node(node)
	}
	list.Nodes = nodes
}

func mark(at parse.Pos) parse.Node { return &parse.TextNode{NodeType: parse.NodeText, Pos: at} }

func (m *marker) node(node parse.Node) {
	switch n := node.(type) {
	case *parse.ActionNode:
		m.result(n.Pipe)
	case *parse.TemplateNode:
		m.templates = append(m.templates, n.Name)
		m.kept(n.Pipe)
	case *parse.IfNode:
		m.result(n.Pipe)
		m.branch(&n.BranchNode)
	case *parse.WithNode:
		m.kept(n.Pipe)
		m.branch(&n.BranchNode)
	case *parse.RangeNode:
		m.kept(n.Pipe)
		m.branch(&n.BranchNode)
		n.List.Nodes = slices.Insert(n.List.Nodes, 0, mark(n.List.Pos))
	}
}

func (m *marker) branch(n *parse.BranchNode) {
	m.list(n.List)
	m.list(n.ElseList)
}

// result looks at a pipeline whose text is written, or dropped. One function makes it a few
// times longer at most than the record, but a second one can take that to make more, and
// printf needs no record.
func (m *marker) result(pipe *parse.PipeNode) {
	if len(pipe.Decl) > 0 {
		m.kept(pipe)
		return
	}
	names := boundedIn(pipe)
	m.bounded = m.bounded || len(names) > 1 || slices.Contains(names, "printf")
}

// kept looks at a pipeline whose text goes on to other functions.
func (m *marker) kept(pipe *parse.PipeNode) {
	m.bounded = m.bounded || len(boundedIn(pipe)) > 0
}

// boundedIn are the functions of a pipeline that need the budget.
func boundedIn(node parse.Node) []string {
	var names []string
	switch n := node.(type) {
	case *parse.PipeNode:
		if n == nil { // a template without a value
			return nil
		}
		for _, command := range n.Cmds {
			for _, argument := range command.Args {
				names = append(names, boundedIn(argument)...)
			}
		}
	case *parse.ChainNode:
		return boundedIn(n.Node)
	case *parse.IdentifierNode:
		if isBounded[n.Ident] {
			return []string{n.Ident}
		}
	}
	return names
}

// callsItself is the name of a template that is used while it is executed; "" if there
// is none.
func callsItself(calls map[string][]string) string {
	done := map[string]bool{}
	var visit func(name string, path []string) string
	visit = func(name string, path []string) string {
		if slices.Contains(path, name) {
			return name
		}
		if done[name] {
			return ""
		}
		for _, next := range calls[name] {
			if found := visit(next, append(path, name)); found != "" {
				return found
			}
		}
		done[name] = true
		return ""
	}
	for _, name := range slices.Sorted(maps.Keys(calls)) {
		if found := visit(name, nil); found != "" {
			return found
		}
	}
	return ""
}
