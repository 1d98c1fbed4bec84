package main

import (
	"errors"
	"os"
	"path/filepath"
	"testing"
	"time"

	"github.com/spf13/cobra"
	"github.com/stretchr/testify/require"

	"longhaul/job"
)

// load runs the flags and the file of a command line through specFlags.
func load(t *testing.T, content string, args ...string) (job.Spec, error) {
	t.Helper()
	file := filepath.Join(t.TempDir(), "job.yaml")
	require.NoError(t, os.WriteFile(file, []byte(content), 0o644))
	var flags specFlags
	cmd := &cobra.Command{Use: "test"}
	flags.register(cmd)
	require.NoError(t, cmd.ParseFlags(args))
	return flags.load(cmd, file)
}

const yamlSpec = `
input: {uri: in.csv}
output: {uri: out}
call:
  http:
    url: http://x/{{.id}}
parallelism: 7 # as a comment
`

func TestYAMLAndFlags(t *testing.T) {
	t.Parallel()
	spec, err := load(t, yamlSpec)
	require.NoError(t, err)
	require.Equal(t, 7, spec.Parallelism)
	require.Equal(t, "http://x/{{.id}}", spec.Call.HTTP.URL)
	require.Equal(t, 30*time.Second, spec.Call.HTTP.Timeout.Std())

	spec, err = load(t, yamlSpec, "--input", "b.jsonl", "--output", "o", "--parallelism", "9", "--chunk-size", "10",
		"--chunk-interval", "2s", "--batch-size", "3", "--rate", "0.5")
	require.NoError(t, err)
	require.Equal(t, job.InputSpec{URI: "b.jsonl"}, spec.Input)
	require.Equal(t, "o", spec.Output.URI)
	require.Equal(t, 9, spec.Parallelism)
	require.EqualValues(t, 30, spec.BatchRecords())
	require.Equal(t, 2*time.Second, spec.ChunkInterval.Std())
	require.InDelta(t, 0.5, spec.Rate, 0)
}

func TestBadSpecFiles(t *testing.T) {
	t.Parallel()
	for content, message := range map[string]string{
		"chunksize: 5":                     "job.yaml:1:1: chunksize: unknown field, did you mean chunk_size?",
		"input: {uri: a.csv\n":             "job.yaml:1:8: the YAML cannot be read: ",
		"input: {uri: a}\ninput: {uri: b}": `job.yaml:2:1: input: is there twice, first in line 1`,
		yamlSpec + "rate: -1":              "job.yaml:8:1: rate: -1 is out of range",
	} {
		_, err := load(t, content)
		require.ErrorContains(t, err, message)
		require.Equal(t, exitUsage, exitCode(err))
	}
	_, err := load(t, yamlSpec, "--chunk-interval", "5")
	require.ErrorContains(t, err, `--chunk-interval: "5" is not a duration`)
	_, err = load(t, yamlSpec, "--parallelism", "0")
	require.ErrorContains(t, err, "parallelism: 0 is out of range", "a flag that is given counts, also if it is zero")
}

func TestExitCodes(t *testing.T) {
	t.Parallel()
	require.Zero(t, exitCode(nil))
	require.Equal(t, exitInterrupted, exitCode(errInterrupted))
	require.Equal(t, exitUsage, exitCode(&usageError{errors.New("no SPEC")}))
	require.Equal(t, exitFailed, exitCode(errRefuted))
	require.Equal(t, exitFailed, exitCode(errors.New("any")))
}

// execute runs a command line that needs no server.
func execute(args ...string) error {
	cmd := command()
	cmd.SetArgs(args)
	return cmd.Execute()
}

func TestCommandLines(t *testing.T) {
	t.Parallel()
	for _, args := range [][]string{{"run"}, {"start", "a", "b"}, {"status"}, {"run", "--nope"}, {"run", "none.json"}} {
		require.Equal(t, exitUsage, exitCode(execute(args...)), "%v", args)
	}
	require.Equal(t, exitFailed, exitCode(execute("verify", filepath.Join(t.TempDir(), "none"))))
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
