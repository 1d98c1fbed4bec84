package plain

import (
	"bytes"
	"encoding/json"
	"maps"
	"regexp"
	"slices"
	"strings"
	"text/template"
)

// wholeJSON is a string that is nothing but {{json .field}}: it stands for the value itself.
var wholeJSON = regexp.MustCompile(`^\{\{json\s+\.([\pL_][\pL\pN_]*)?\}\}$`)

// JSON is the text of a tree of maps, lists and strings that may be templates, as
// encoding/json writes it. It is false if it needs text/template.
func (t *Texts) JSON(tree any, parsed func(source string) *template.Template) (Text, bool) {
	switch value := tree.(type) {
	case map[string]any:
		text := Text{{text: "{"}}
		for i, name := range slices.Sorted(maps.Keys(value)) {
			if i > 0 {
				text = append(text, piece{text: ","})
			}
			inner, ok := t.JSON(value[name], parsed)
			if !ok {
				return nil, false
			}
			text = append(append(text, piece{text: jsonText(name) + ":"}), inner...)
		}
		return append(text, piece{text: "}"}), true
	case []any:
		text := Text{{text: "["}}
		for i, element := range value {
			if i > 0 {
				text = append(text, piece{text: ","})
			}
			inner, ok := t.JSON(element, parsed)
			if !ok {
				return nil, false
			}
			text = append(text, inner...)
		}
		return append(text, piece{text: "]"}), true
	case string:
		return t.jsonString(value, parsed)
	default:
		return Text{{text: jsonText(value)}}, true
	}
}

func (t *Texts) jsonString(source string, parsed func(source string) *template.Template) (Text, bool) {
	if !strings.Contains(source, "{{") {
		return Text{{text: jsonText(source)}}, true
	}
	if m := wholeJSON.FindStringSubmatch(source); m != nil {
		if m[1] == "" {
			return Text{{from: whole, as: asJSON}}, true
		}
		return Text{{from: field, field: t.place(m[1]), as: asJSON}}, true
	}
	text, ok := t.Text(parsed(source))
	if !ok {
		return nil, false
	}
	for i, p := range text {
		switch {
		case p.from == constant:
			text[i].text = strings.TrimSuffix(strings.TrimPrefix(jsonText(p.text), `"`), `"`)
		case p.as == asItIs:
			text[i].as = inJSON
		}
	}
	return append(append(Text{{text: `"`}}, text...), piece{text: `"`}), true
}

// jsonText is of what was JSON a moment ago.
func jsonText(value any) string {
	text, err := JSONText(value)
	if err != nil {
		panic(err)
	}
	return text
}

// JSONText is the JSON of a value, with <, > and & as they stand.
func JSONText(value any) (string, error) {
	var b bytes.Buffer
	encoder := json.NewEncoder(&b)
	encoder.SetEscapeHTML(false)
	err := encoder.Encode(value)
	return strings.TrimSuffix(b.String(), "\n"), err
}
