package job

import (
	"maps"
	"regexp"
	"slices"
	"strings"
	"text/template"
)

// placeholders of other notations, in the order of how sure they are ones. The
// first group is the name of the field; empty if there is none.
var placeholders = []*regexp.Regexp{
	regexp.MustCompile(`\$\{\s*([\pL_][\pL\pN_.]*)\s*\}`),
	regexp.MustCompile(`\{\s*([\pL_][\pL\pN_.]*)\s*\}`),
	regexp.MustCompile(`\$([\pL_][\pL\pN_]*)`),
	regexp.MustCompile(`<([\pL_][\pL\pN_]*)>`),
	regexp.MustCompile(`/:([\pL_][\pL\pN_]*)`),
	regexp.MustCompile(`%()(?:s|v|d(?:[^0-9a-fA-F]|$))`),
}

// action is a part of a template that is no text.
var action = regexp.MustCompile(`(?s)\{\{.*?\}\}`)

// templateProblems parses every template, and refuses a request that is the same
// for all records. Headers are no part of what tells requests apart: a token
// there does not make a call another one. The packages that parse range over maps,
// but what they return does not depend on the order.
//
//workflowcheck:ignore
func (h *HTTPSpec) templateProblems() []*Error {
	var problems []*Error
	functions := stubs()
	texts := append([]fieldText{{"url", h.URL}}, h.Body.texts()...)
	differs := h.SameForAll
	for _, t := range texts {
		parsed, problem := ParseTemplate(t.field, t.text, functions)
		if problem != nil {
			problems = append(problems, problem)
			continue
		}
		differs = differs || usesRecord(parsed)
	}
	if !differs && len(problems) == 0 && h.URL != "" {
		problems = append(problems, sameForAll(texts))
	}
	return append(problems, h.headerProblems(functions)...)
}

func sameForAll(texts []fieldText) *Error {
	for _, t := range texts {
		plain := action.ReplaceAllString(t.text, "\x00")
		for _, notation := range placeholders {
			found := notation.FindStringSubmatch(plain)
			if found == nil || strings.Contains(t.text, "</"+found[1]+">") {
				continue // the latter is XML
			}
			advice := Errorf(KindSpec, "call.http."+t.field, "%s is sent as it stands", found[0])
			if found[1] == "" {
				return advice.WithHint("write a field of the record, such as {{.id}}, or set call.http.same_for_all to true")
			}
			return advice.WithHint("write {{.%s}}, or set call.http.same_for_all to true if it is meant", found[1])
		}
	}
	where := "the URL uses"
	if len(texts) > 1 || texts[0].field != "url" {
		where = "URL and body use"
	}
	return Errorf(KindSpec, "call.http.url", "%s no field of the record: every call would be the same", where).
		WithHint("write a field as {{.name}}, a line or number as {{.}}, the whole record as {{json .}}; or set call.http.same_for_all to true if it is meant")
}

func (h *HTTPSpec) headerProblems(functions template.FuncMap) []*Error {
	var problems []*Error
	names := map[string]string{}
	for _, name := range slices.Sorted(maps.Keys(h.Headers)) {
		field := "headers." + name
		switch canonical := strings.ToLower(name); {
		case !isToken(name):
			problems = append(problems, Errorf(KindSpec, "call.http."+field, "%q is not the name of a header", name))
		case names[canonical] != "":
			problems = append(problems, Errorf(KindSpec, "call.http."+field, "is the same header as %s", names[canonical]).WithHint("keep one of them"))
		default:
			names[canonical] = name
		}
		if _, problem := ParseTemplate(field, h.Headers[name], functions); problem != nil {
			problems = append(problems, problem)
		}
	}
	return problems
}

// texts are the templates of the body.
func (b Body) texts() []fieldText {
	if len(b.Tree) == 0 {
		if b.Text == "" {
			return nil
		}
		return []fieldText{{"body", b.Text}}
	}
	// A tree that was decoded is JSON.
	tree, _ := decodeTree(b.Tree)
	return textsOf("body", tree)
}
