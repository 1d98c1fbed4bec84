package specfile

import (
	"os"
	"path/filepath"
	"testing"
	"time"

	"github.com/spf13/pflag"
	"github.com/stretchr/testify/require"

	"longhaul/job"
)

// load runs the flags and the file of a command line through Flags.
func load(t *testing.T, content string, args ...string) (job.Spec, error) {
	t.Helper()
	file := filepath.Join(t.TempDir(), "job.yaml")
	require.NoError(t, os.WriteFile(file, []byte(content), 0o644))
	var flags Flags
	set := pflag.NewFlagSet("test", pflag.ContinueOnError)
	flags.Register(set)
	if err := set.Parse(args); err != nil {
		return job.Spec{}, err
	}
	return flags.Load(nil, file)
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
		require.Equal(t, job.KindSpec, job.KindOf(err))
	}
	_, err := load(t, yamlSpec, "--chunk-interval", "5")
	require.ErrorContains(t, err, `invalid argument "5" for "--chunk-interval" flag: "5" is not a duration: write a number and a unit`)
	_, err = load(t, yamlSpec, "--parallelism", "0")
	require.ErrorContains(t, err, "parallelism: 0 is out of range", "a flag that is given counts, also if it is zero")
}
