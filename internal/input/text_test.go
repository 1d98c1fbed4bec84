package input

import (
	"testing"

	"github.com/stretchr/testify/require"
	"pgregory.net/rapid"
)

func TestStringsAreThoseOfEncodingJSON(t *testing.T) {
	t.Parallel()
	for _, s := range []string{"", "plain", "a\"b\\c", "\r\n\t\b\f\x00\x1f\x7f", "é €", "\u2028\u2029", "<&>", "🙂"} {
		require.Equal(t, string(appendEncoded(nil, s)), string(appendString(nil, s)))
	}
	rapid.Check(t, func(t *rapid.T) {
		s := rapid.String().Draw(t, "s")
		require.Equal(t, "x"+string(appendEncoded(nil, s)), string(appendString([]byte("x"), s)))
	})
}
