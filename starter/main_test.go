package main

import (
	"bytes"
	"fmt"
	"path/filepath"
	"testing"

	"longhaul/internal/exitcode"

	"github.com/spf13/cobra"
	"github.com/stretchr/testify/require"
)

// execute runs a command line that needs no server.
func execute(args ...string) error {
	cmd := command()
	cmd.SetArgs(args)
	return cmd.Execute()
}

func TestCommandLines(t *testing.T) {
	t.Parallel()
	for _, args := range [][]string{{"run"}, {"start", "a", "b"}, {"status"}, {"run", "--nope"}, {"run", "none.json"}} {
		require.Equal(t, exitcode.Usage, exitcode.Of(execute(args...)), "%v", args)
	}
	require.Equal(t, exitcode.Failed, exitcode.Of(execute("verify", filepath.Join(t.TempDir(), "none"))))
}

func TestEveryCommandHasAnExample(t *testing.T) {
	t.Parallel()
	var walk func(cmd *cobra.Command)
	walk = func(cmd *cobra.Command) {
		for _, sub := range cmd.Commands() {
			if sub.Name() != "help" && sub.Name() != "completion" {
				require.Contains(t, sub.Example, sub.CommandPath(), sub.CommandPath())
				require.NotEmpty(t, sub.Short, sub.CommandPath())
				walk(sub)
			}
		}
	}
	walk(command())
}

// longhaul runs the command line in this process.
func longhaul(t *testing.T, args ...string) (out string, code int) {
	t.Helper()
	cmd := command()
	var b bytes.Buffer
	cmd.SetOut(&b)
	cmd.SetErr(&b)
	cmd.SetArgs(args)
	err := cmd.ExecuteContext(t.Context())
	if err != nil {
		fmt.Fprintln(&b, err)
	}
	return b.String(), exitcode.Of(err)
}
