package input

import (
	"encoding/json"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"
)

// A record is what encoding/json reads, whoever looks at it first.
func FuzzIsJSON(f *testing.F) {
	for _, text := range []string{
		"", " ", "null", "nul", "-0", "-", "01", "1.", "1e5", "1E+", "+1", ".5", "NaN", `"a"`, `"a`, `"\u12g4"`, `"\ud800"`, "\"\x01\"", "\"\x7f\"", `"\/\b\q"`,
		"{}", "{,}", `{"a":1,}`, `{"a" 1}`, `{a:1}`, "[1 2]", "[1,]", "[", "]", "[]]", "{}{}", "true false", "\xef\xbb\xbf1", "\xff", "\"\xff\"", "1\x00", "\v1",
		strings.Repeat("[", 9999) + strings.Repeat("]", 9999), strings.Repeat("[", 10_001) + strings.Repeat("]", 10_001),
	} {
		f.Add([]byte(text))
	}
	f.Fuzz(func(t *testing.T, text []byte) {
		require.Equal(t, json.Valid(text), isJSON(text), "%q", text)
	})
}
