package specfile

import (
	"bytes"
	"encoding/json"
	"maps"
	"slices"
	"testing"
	"unicode/utf8"

	"github.com/stretchr/testify/require"
	"pgregory.net/rapid"
	"sigs.k8s.io/yaml"

	"longhaul/job"
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

// Many programs write \/ for a slash, which YAML does not know.
func TestJSONIsReadAsJSON(t *testing.T) {
	t.Parallel()
	text := "\t{\"é\": [1.50, \"\\ud83d\\ude00\"],\r\n\t\"call\"\t:\t{\"url\": \"http:\\/\\/x\\/{{.}}\", \"\x7f\": null},\n\"call\": true}"
	read := parse("job.json", []byte(text))
	require.Equal(t, text, string(read.json))
	require.Equal(t, map[string]place{"é": {1, 3}, "é[0]": {1, 9}, "é[1]": {1, 15}, "call": {2, 2}, "call.url": {2, 12}, "call.\x7f": {2, 40}}, read.at)
	require.EqualError(t, read.err(), "job.json:3:1: call: is there twice, first in line 2; keep one of them")
}

// Lines end as YAML says.
func TestATemplateThatIsNotQuotedBehindAnyLineEnd(t *testing.T) {
	t.Parallel()
	for _, end := range []string{"\n", "\r\n", "\r", "\u0085", "\u2028", "\u2029"} {
		read := parse("job.yaml", []byte("a: 1"+end+end+"b: [{{.x}}]"+end))
		require.ErrorContains(t, read.err(), "job.yaml:3:5: b[0]: YAML does not read a value with {{ as a text here; quote it: '{{.x}}'", "%q", end)
	}
}

func FuzzSpecFile(f *testing.F) {
	for _, seed := range []string{
		yamlSpec, `{"rate": 1}`, "a: 1\r\rb: {{.x}}", "url: {{.a}}/b\nx: &a [*a]", "\uFEFF{\"a\":\t\"\\ud83d\\ude00\\/\\u2028\", \"a\": 1e5}\n", "[]", "a: 1\n---\nb: 2\n", "a: {<<: [*b], b: ~}\n", "? [a]\n: b\n", "a: 2026-01-02\nb: 0o7\nc: .inf\n'': !!binary aGk=\n",
		"{\"\u007f\":\"\u0085\u00a0\u2028\uFEFF\"}", "a: |\n  {{.b}}\n   c\n\n", "a: \"\\x41\\U0001F600\"\r\nb: 1\r\n", "\t{\n\t\"a\"\n\t:\n\t[\n\t]\n\t}\n",
	} {
		f.Add([]byte(seed))
	}
	f.Fuzz(func(t *testing.T, data []byte) {
		read := parse("job.yaml", data)
		require.True(t, read.json == nil || json.Valid(read.json))
		require.True(t, read.json != nil || len(read.problems) > 0)
		lines := 2
		for _, end := range []string{"\n", "\r", "\u0085", "\u2028", "\u2029"} {
			lines += bytes.Count(data, []byte(end))
		}
		for _, p := range read.problems {
			require.LessOrEqual(t, p.line, lines)
			require.Equal(t, job.KindSpec, p.Kind)
		}
		for field, at := range read.at {
			require.True(t, at.line >= 1 && at.line <= lines && at.column >= 1, "%s at %v", field, at)
		}
		if plain := bytes.TrimPrefix(data, []byte("\uFEFF")); json.Valid(plain) && utf8.Valid(plain) {
			require.NotNil(t, read.json, "JSON is read: %v", read.problems)
			require.Equal(t, string(plain), string(read.json))
		}
		if read.json != nil && len(read.problems) == 0 {
			again := parse("job.json", read.json)
			require.Empty(t, again.problems)
			require.Equal(t, paths(read), paths(again), "the same fields are found in both")
		}
	})
}

// paths are those of all fields, in order.
func paths(read *document) []string { return slices.Sorted(maps.Keys(read.at)) }
