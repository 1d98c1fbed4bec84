package specfile

import (
	"bytes"
	"encoding/json"
	"testing"

	"github.com/stretchr/testify/require"
	"pgregory.net/rapid"
	"sigs.k8s.io/yaml"
)

// What YAML says is what is called.
func TestYAMLKeepsWhatIsWritten(t *testing.T) {
	t.Parallel()
	spec, err := load(t, `input: {count: 1}
output: {uri: out}
call:
  http:
    headers: {X-A: 007, X-B: 1.50, X-C: 2026-01-02}
    url: http://x/{{.}}
    body: &body {n: 1.50, big: 123456789012345678901234567890, country: NO, day: 2026-01-02, hex: 0x10, again: &a [yes, ~, true], more: *a}
`)
	require.ErrorContains(t, err, "headers.X-A: found a JSON number where a string belongs")
	require.JSONEq(t, `{"n":1.50,"big":123456789012345678901234567890,"country":"NO","day":"2026-01-02","hex":16,"again":["yes",null,true],"more":["yes",null,true]}`,
		string(spec.Call.HTTP.Body.Tree))
	require.Contains(t, string(spec.Call.HTTP.Body.Tree), `"n":1.50`)
	require.Contains(t, string(spec.Call.HTTP.Body.Tree), `"big":123456789012345678901234567890`)

	spec, err = load(t, "input: {count: 1}\noutput: {uri: out}\ncall: {sleep: {duration: 1s}}\nretry: &r {maximum_attempts: 3}\noutage: {after: 1s}\n")
	require.NoError(t, err)
	require.Equal(t, 3, spec.Retry.MaximumAttempts)
}

func TestMergedMappings(t *testing.T) {
	t.Parallel()
	read := parse("a.yaml", []byte("a: &a {x: 1, y: 2}\nb: &b {y: 3, z: 4}\nc: {<<: [*a, *b], z: 5}\nd:\n  <<: *b\n  y: 6\n"))
	require.Empty(t, read.problems)
	require.JSONEq(t, `{"a":{"x":1,"y":2},"b":{"y":3,"z":4},"c":{"x":1,"y":2,"z":5},"d":{"y":6,"z":4}}`, string(read.json))
	require.Equal(t, place{6, 3}, read.at["d.y"])
	read = parse("a.yaml", []byte("c: {<<: 5}\n"))
	require.ErrorContains(t, read.err(), "a.yaml:1:9: c: << takes a mapping")
}

// Any JSON, and the YAML that another library makes of it, is read as what it is.
func TestAnyJSONIsRead(t *testing.T) {
	t.Parallel()
	rapid.Check(t, func(t *rapid.T) {
		text := rapid.StringMatching(`[a-z<>&"'\\ :#{}%,\[\]\n\t-]{0,9}`)
		value := rapid.MapOfN(text, rapid.OneOf(text.AsAny(), rapid.SliceOfN(text, 0, 3).AsAny(), rapid.Int64().AsAny(), rapid.Bool().AsAny(), rapid.Just[any](nil)), 1, 4).Draw(t, "value")
		indented, err := json.MarshalIndent(value, "", "\t")
		require.NoError(t, err)
		inYAML, err := yaml.Marshal(value)
		require.NoError(t, err)
		for _, data := range [][]byte{indented, inYAML} {
			read := parse("job.yaml", data)
			require.Empty(t, read.problems, "%s", data)
			require.JSONEq(t, string(indented), string(read.json), "%s", data)
		}
	})
}

func FuzzSpecFile(f *testing.F) {
	f.Add([]byte(yamlSpec))
	f.Add([]byte(`{"rate": 1}`))
	f.Add([]byte("url: {{.a}}/b\nx: &a [*a]"))
	f.Fuzz(func(t *testing.T, data []byte) {
		read := parse("job.yaml", data)
		require.True(t, read.json == nil || json.Valid(read.json))
		require.True(t, read.json != nil || len(read.problems) > 0)
		for _, p := range read.problems {
			require.LessOrEqual(t, p.line, bytes.Count(data, []byte("\n"))+2)
		}
	})
}
