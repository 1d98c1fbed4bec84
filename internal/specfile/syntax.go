package specfile

import (
	"bytes"
	"encoding/json"
	"errors"
	"regexp"
	"strings"
	"unicode/utf8"

	goccy "github.com/goccy/go-yaml"
	"github.com/goccy/go-yaml/parser"
	"go.yaml.in/yaml/v3"
)

// Values that YAML does not read as a text because of their braces. The second
// group is the value.
var unquotedValues = []*regexp.Regexp{
	regexp.MustCompile(`^\s*(?:- +)*([^\s'"#:]+:\s+|- +)(\{\{.*)$`),
	regexp.MustCompile(`[{,]\s*([^\s'"#:{},]+:\s+)([^\s'"{},]*\{\{.*?\}\}[^\s,}]*)`),
}

// syntaxError is about a file that is neither YAML nor JSON.
func (d *document) syntaxError(text []byte, err error) {
	if strings.HasSuffix(d.name, ".json") {
		var syntax *json.SyntaxError
		if errors.As(json.Unmarshal(text, new(any)), &syntax) {
			before := text[:max(0, syntax.Offset-1)]
			column := utf8.RuneCount(before[bytes.LastIndexByte(before, '\n')+1:]) + 1
			d.wrong(place{bytes.Count(before, []byte("\n")) + 1, column}, "", "", "the JSON cannot be read: %s", syntax)
			return
		}
	}
	// Unquoted braces are known by themselves: YAML gives up wherever it likes.
	for i, content := range d.lines {
		for _, unquoted := range unquotedValues {
			if at := unquoted.FindStringSubmatchIndex(content); at != nil {
				d.unquoted("", i+1, utf8.RuneCountInString(content[:at[4]])+1)
				return
			}
		}
	}
	at, message := place{}, strings.TrimPrefix(err.Error(), "yaml: ")
	// This library tells the place to the column, the other one a line near it.
	_, err = parser.ParseBytes(text, 0, parser.AllowDuplicateMapKey())
	var syntax *goccy.SyntaxError
	if errors.As(err, &syntax) {
		at, message = place{syntax.Token.Position.Line, syntax.Token.Position.Column}, syntax.Message
	}
	d.wrong(at, "", "", "the YAML cannot be read: %s", message)
}

// isTemplate says whether a mapping is a template that was meant as a text.
func (d *document) isTemplate(node *yaml.Node) bool {
	return len(node.Content) == 2 && node.Style&yaml.FlowStyle != 0 && node.Content[0].Kind == yaml.MappingNode
}

// unquoted is about a value with braces.
func (d *document) unquoted(path string, line, column int) {
	content := []rune(strings.TrimRight(d.lines[line-1], " \t\r"))
	key, value := string(content[:column-1]), string(content[column-1:])
	if inFlow := strings.ContainsAny(key, "{["); inFlow {
		value = flowValue.FindString(value)
	}
	if at := strings.LastIndexAny(strings.TrimRight(key, " "), " {[,"); at >= 0 {
		key = key[at+1:]
	}
	quoted := "'" + strings.ReplaceAll(value, "'", "''") + "'"
	d.wrong(place{line, column}, path, "quote it: "+strings.TrimLeft(key, " ")+quoted, "YAML does not read a value with {{ as a text here")
}

// flowValue is a template, and what stands around it, inside of {} or [].
var flowValue = regexp.MustCompile(`^[^\s{]*\{\{.*?\}\}[^\s,}\]]*`)
