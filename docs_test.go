package longhaul

import (
	"os"
	"regexp"
	"slices"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"
)

// All Go code of docs/embedding.md is that of programs and examples that are built.
func TestTheCodeOfTheDocsIsBuilt(t *testing.T) {
	t.Parallel()
	built := []string{
		unindented(t, "example_test.go"), unindented(t, "workflows/example_test.go"),
		unindented(t, "examples/goworker/main.go"), unindented(t, "examples/childworkflow/rescore.go"),
	}
	blocks := regexp.MustCompile("(?ms)^```go\n(.+?)^```$").FindAllStringSubmatch(unindented(t, "docs/embedding.md"), -1)
	require.Len(t, blocks, 4)
	for _, block := range blocks {
		isIn := func(source string) bool { return strings.Contains(source, block[1]) }
		require.True(t, slices.ContainsFunc(built, isIn), "no file that is built has this:\n%s", block[1])
	}
}

func unindented(t *testing.T, name string) string {
	t.Helper()
	data, err := os.ReadFile(name)
	require.NoError(t, err)
	return regexp.MustCompile(`(?m)^[\t ]+`).ReplaceAllString(string(data), "")
}
