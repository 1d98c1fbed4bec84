package job

import (
	"maps"
	"regexp"
	"slices"
	"strings"
	"text/template"
	"text/template/parse"
)

// templateFunctions are those that templates have besides text/template's own.
// Package calls has what they do.
var templateFunctions = []string{"json", "env"}

// TemplateFunctions are the names of the functions that templates have besides
// text/template's own.
func TemplateFunctions() []string { return slices.Clone(templateFunctions) }

// ParseTemplate parses a text of a spec. The error is of KindSpec, names the
// field, and says what to write for the usual mistakes.
func ParseTemplate(field, text string, functions template.FuncMap) (*template.Template, *Error) {
	parsed, err := template.New(field).Option("missingkey=error").Funcs(functions).Parse(text)
	if err == nil {
		return parsed, nil
	}
	problem := Errorf(KindSpec, "call.http."+field, "the template does not parse: %s", reason(err))
	if advice := templateAdvice(text); advice != "" {
		return nil, problem.WithHint("write %s", advice)
	}
	return nil, problem.WithHint("see https://pkg.go.dev/text/template")
}

// reason drops the "template: url:1: " in front.
func reason(err error) string {
	text := strings.TrimPrefix(err.Error(), "template: ")
	if _, rest, ok := strings.Cut(text, ": "); ok {
		return rest
	}
	return text
}

var (
	// {{.Full Name}}, {{.a.full-name | urlquery}}
	spacedField = regexp.MustCompile(`\{\{-?\s*((?:\.[\pL_][\pL\pN_]*)*)\.([\pL_][\pL\pN_]*(?:[ \-/]+[\pL\pN_]+)+)\s*(\|[^{}]*)?-?\}\}`)
	// {{name}}, {{name | urlquery}}
	bareField = regexp.MustCompile(`\{\{-?\s*([\pL_][\pL\pN_]*)\s*(\|[^{}]*)?-?\}\}`)
)

// templateAdvice is what to write instead of a template that does not parse; ""
// if that cannot be told.
func templateAdvice(text string) string {
	if m := spacedField.FindStringSubmatch(text); m != nil {
		inside := m[1]
		if inside == "" {
			inside = "."
		}
		return `{{index ` + inside + ` "` + m[2] + `"` + afterSpace(m[3]) + `}}`
	}
	for _, m := range bareField.FindAllStringSubmatch(text, -1) {
		if name := m[1]; !slices.Contains(templateFunctions, name) && !keywords[name] {
			return "{{." + name + afterSpace(m[2]) + "}}"
		}
	}
	return ""
}

// keywords may stand alone in braces.
var keywords = map[string]bool{"end": true, "else": true, "break": true, "continue": true, "nil": true, "true": true, "false": true}

func afterSpace(pipe string) string {
	if pipe = strings.TrimSpace(pipe); pipe == "" {
		return ""
	}
	return " " + pipe
}

// stubs let a template be parsed where it is not executed.
func stubs() template.FuncMap {
	functions := template.FuncMap{}
	for _, name := range templateFunctions {
		functions[name] = func(...any) string { return "" }
	}
	return functions
}

// textsOf are all texts of a request's body by field, in order.
func textsOf(field string, tree any) []fieldText {
	switch value := tree.(type) {
	case string:
		return []fieldText{{field, value}}
	case []any:
		var texts []fieldText
		for i, element := range value {
			texts = append(texts, textsOf(fieldAt(field, i), element)...)
		}
		return texts
	case map[string]any:
		var texts []fieldText
		for _, name := range slices.Sorted(maps.Keys(value)) {
			texts = append(texts, textsOf(join(field, name), value[name])...)
		}
		return texts
	}
	return nil
}

type fieldText struct{ field, text string }

// usesRecord says whether what the template gives depends on the record. It looks
// for the dot and the dollar sign, and for fields of either, wherever the dot is
// the record.
func usesRecord(parsed *template.Template) bool {
	return parsed.Tree != nil && listUses(parsed.Root, true)
}

// listUses looks through a list of nodes; dot says whether the dot is the record,
// or comes from it.
func listUses(list *parse.ListNode, dot bool) bool {
	return list != nil && slices.ContainsFunc(list.Nodes, func(n parse.Node) bool { return nodeUses(n, dot) })
}

func nodeUses(node parse.Node, dot bool) bool {
	switch n := node.(type) {
	case *parse.ActionNode:
		return pipeUses(n.Pipe, dot)
	case *parse.TemplateNode:
		return pipeUses(n.Pipe, dot)
	case *parse.IfNode:
		return branchUses(&n.BranchNode, dot, dot)
	case *parse.WithNode:
		return branchUses(&n.BranchNode, false, dot)
	case *parse.RangeNode:
		return branchUses(&n.BranchNode, false, dot)
	case *parse.PipeNode:
		return pipeUses(n, dot)
	case *parse.ChainNode:
		return nodeUses(n.Node, dot)
	case *parse.FieldNode, *parse.DotNode:
		return dot
	case *parse.VariableNode:
		// Others got their value in a pipeline, which has been looked at.
		return n.Ident[0] == "$"
	}
	return false
}

// branchUses: if the pipeline uses the record, all depends on it; else the dot
// inside of with and range is something else.
func branchUses(n *parse.BranchNode, inside, dot bool) bool {
	return pipeUses(n.Pipe, dot) || listUses(n.List, inside) || listUses(n.ElseList, dot)
}

func pipeUses(pipe *parse.PipeNode, dot bool) bool {
	return pipe != nil && slices.ContainsFunc(pipe.Cmds, func(c *parse.CommandNode) bool {
		return slices.ContainsFunc(c.Args, func(n parse.Node) bool { return nodeUses(n, dot) })
	})
}
