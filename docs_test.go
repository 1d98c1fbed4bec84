package longhaul

import (
	"os"
	"path/filepath"
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

// Each test that the security page names is there.
func TestTheEscapesOfTheSecurityPageAreTried(t *testing.T) {
	t.Parallel()
	page, err := os.ReadFile("docs/security.md")
	require.NoError(t, err)
	named := regexp.MustCompile("`(Test[A-Za-z0-9]+)`").FindAllStringSubmatch(string(page), -1)
	require.Greater(t, len(named), 20)
	var tests strings.Builder
	require.NoError(t, filepath.WalkDir(".", func(path string, _ os.DirEntry, err error) error {
		if err != nil || !strings.HasSuffix(path, "_test.go") {
			return err
		}
		data, err := os.ReadFile(path)
		tests.Write(data)
		return err
	}))
	for _, name := range named {
		require.True(t, strings.Contains(tests.String(), "func "+name[1]+"(t *testing.T)"), name[1]) //nolint:testifylint // the text is long
	}
}
