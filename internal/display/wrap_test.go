package display

import (
	"testing"

	"github.com/stretchr/testify/require"
)

func TestLinesAreWrapped(t *testing.T) {
	t.Parallel()
	require.Equal(t, []string{"a bc", "def"}, wrapAtMost("a bc  def", 5, 3))
	require.Equal(t, []string{"abcde", "fgh i"}, wrapAtMost("abcdefgh i", 5, 3))
	require.Equal(t, []string{"a", "三三", "三 …"}, wrapAtMost("a 三三三三三", 4, 3))
	require.Equal(t, []string{""}, wrapAtMost("", 5, 3))
}
