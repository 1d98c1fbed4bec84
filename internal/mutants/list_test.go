package main

import (
	"os"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"
)

// The list is true of the code: each change still applies, and each mutant is complete.
func TestEveryMutantApplies(t *testing.T) {
	t.Parallel()
	file, err := os.Open("mutants.txt")
	require.NoError(t, err)
	t.Cleanup(func() { require.NoError(t, file.Close()) })
	list, err := read(file)
	require.NoError(t, err)
	require.Greater(t, len(list), 100)
	names := map[string]bool{}
	for _, m := range list {
		require.False(t, names[m.name], "%s is there twice", m.name)
		names[m.name] = true
		require.NotEmpty(t, m.tests, m.name)
		require.NotEmpty(t, m.changes, m.name)
		for _, c := range m.changes {
			require.NotEmpty(t, c.before, m.name)
			content, err := os.ReadFile("../../" + c.file)
			require.NoError(t, err, m.name)
			changed, err := c.apply(string(content))
			require.NoError(t, err, m.name)
			require.NotEqual(t, string(content), changed, m.name)
		}
	}
}

func TestAMutantOfSeveralChanges(t *testing.T) {
	t.Parallel()
	list, err := read(strings.NewReader("# remark\n== a: b\ntest ./x ./y\nwhy it is\nfile one.go\n- 1\n- 2\n+ 3\nfile two.go\n- 4\n"))
	require.NoError(t, err)
	require.Equal(t, []mutant{{
		name: "a: b", tests: []string{"./x", "./y"}, why: "it is",
		changes: []change{{file: "one.go", before: []string{"1", "2"}, with: []string{"3"}}, {file: "two.go", before: []string{"4"}}},
	}}, list)
	changed, err := list[0].changes[0].apply("0\n1\n2\n5\n")
	require.NoError(t, err)
	require.Equal(t, "0\n3\n5\n", changed)
	changed, err = list[0].changes[1].apply("4\n0\n")
	require.NoError(t, err)
	require.Equal(t, "0\n", changed)
	_, err = list[0].changes[1].apply("4\n0\n4\n")
	require.ErrorContains(t, err, "two.go has the lines 2 times")

	for _, wrong := range []string{"- 1\n", "== a\n- 1\n", "== a\nfile b\n* 1\n"} {
		_, err := read(strings.NewReader(wrong))
		require.Error(t, err, wrong)
	}
}
