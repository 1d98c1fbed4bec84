package plain

import (
	"encoding/json"
	"strings"
	"unicode/utf8"

	"github.com/tidwall/gjson"
)

// longest is how long a record may be. The bounds on what templates make are for longer
// ones.
const longest = 64 << 10

// Values are those that a record has for the texts of a request.
type Values struct {
	whole  value
	fields []value
}

// value is a text that is written as it stands in the record; the zero value is none.
type value struct {
	text     string
	isString bool
}

// Read reads the values that the texts have. It is false if the record needs to be
// decoded. A field that is missing, null, or has parts is no value: nothing that has it can
// be filled in here.
func (t *Texts) Read(record json.RawMessage) (Values, bool) {
	if len(record) > longest || !gjson.ValidBytes(record) {
		return Values{}, false
	}
	parsed := gjson.ParseBytes(record)
	if !parsed.IsObject() {
		whole, ok := valueOf(parsed)
		return Values{whole: whole, fields: make([]value, len(t.fields))}, ok
	}
	values := Values{fields: make([]value, len(t.fields))}
	ok := true
	parsed.ForEach(func(key, found gjson.Result) bool {
		if strings.IndexByte(key.Raw, '\\') >= 0 {
			ok = false // it may be one of the fields all the same
			return false
		}
		for i, name := range t.fields {
			if key.Str == name {
				values.fields[i], _ = valueOf(found) // the last one of a name counts
			}
		}
		return true
	})
	return values, ok
}

// valueOf is false for a value that is not written as it stands.
func valueOf(v gjson.Result) (value, bool) {
	switch v.Type {
	case gjson.Number, gjson.True, gjson.False:
		return value{text: strings.TrimSpace(v.Raw)}, true
	case gjson.String:
		if strings.IndexByte(v.Raw, '\\') >= 0 || !utf8.ValidString(v.Raw) {
			return value{}, false
		}
		return value{v.Str, true}, true
	default:
		return value{}, false
	}
}

// standsInJSON says whether a JSON string has the text as it stands.
func standsInJSON(text string) bool {
	for _, c := range text {
		if c < ' ' || c == '"' || c == '\\' || c == '\u2028' || c == '\u2029' || c == utf8.RuneError {
			return false
		}
	}
	return true
}
