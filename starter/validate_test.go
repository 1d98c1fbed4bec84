package main

import (
	"bytes"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"longhaul/internal/exitcode"

	"github.com/stretchr/testify/require"
)

// validate runs longhaul validate on a file of that content, and returns what it
// says without the folder.
func validate(t *testing.T, name, content string, args ...string) string {
	t.Helper()
	file := filepath.Join(t.TempDir(), name)
	require.NoError(t, os.WriteFile(file, []byte(content), 0o644))
	cmd := command()
	var out bytes.Buffer
	cmd.SetOut(&out)
	cmd.SetArgs(append([]string{"validate", file}, args...))
	err := cmd.Execute()
	text := strings.TrimSuffix(out.String(), "\n")
	if err != nil {
		require.Equal(t, exitcode.Usage, exitcode.Of(err))
		require.Empty(t, text)
		text = err.Error()
	}
	return strings.ReplaceAll(text, filepath.Dir(file)+"/", "")
}

func TestValidateSaysWhatTheJobIs(t *testing.T) {
	t.Parallel()
	const call = "input: {uri: in.csv}\noutput: {uri: out}\ncall: {http: {url: 'http://x/{{.id}}', body: 'a\n\n  b'}}\n"
	require.Equal(t, "job.yaml: ok: POST http://x/{{.id}} for each record of in.csv (csv); answers to out; "+
		"at most 200 calls in flight and 2,000 calls started per second (chunk_size / chunk_interval)", validate(t, "job.yaml", call))
	require.Contains(t, validate(t, "job.yaml", call, "--rate", "0.25", "--parallelism", "2000", "--input", "b.jsonl"),
		"record of b.jsonl (jsonl); answers to out; at most 2,000 calls in flight and 0.25 calls started per second (rate)")
	require.Equal(t, "job.json: ok: sleep 1s for each number below 1,000; answers to out; at most 200 calls in flight, no limit of calls started per second",
		validate(t, "job.json", `{"input":{"count":1000},"output":{"uri":"out"},"call":{"sleep":{"duration":"1s"}},"chunk_interval":"0s"}`))
	require.Contains(t, validate(t, "job.yaml", call+"redrive: {kind: http}"), "for failed records of in.csv;")
}

func TestAllErrorsOfASpecWithTheirLines(t *testing.T) {
	t.Parallel()
	require.Equal(t, `job.yaml: 12 errors
job.yaml:2:1: outputt: unknown field, did you mean output?
job.yaml:6:5: call.http.url: the template does not parse: function "Name" not defined; write {{index . "Full Name"}}
job.yaml:8:7: call.http.headers.X-A: the template does not parse: unclosed action; see https://pkg.go.dev/text/template
job.yaml:11:9: call.http.body.b[1]: the template does not parse: function "c" not defined; write {{.c}}
job.yaml:12:7: call.http.method: is there twice, first in line 5; keep one of them
job.yaml:14:5: call.http.stop_if: the jq expression does not parse: function not defined: nope/1; write one such as .body.error.code == "account_closed"
job.yaml:16:3: outage.after: 5 is not a duration: write a string with a unit, such as "500ms" or "2s"
job.yaml:17:1: chunk_size: 0 is out of range; give 1 to 100000
job.yaml:18:1: batch_size: has no value; give one, or leave the field out
job.yaml: output.uri: is missing; name a folder for the answers: "output": {"uri": "out"}
--parallelism: 0 is out of range; give 1 to 100000
--max-failures: 0.5 is a fraction of a record; write "50%" or a whole number`, validate(t, "job.yaml", `input: {uri: a.csv}
outputt: {uri: out}
call:
  http:
    method: POST
    url: http://x/{{.Full Name}}
    headers:
      X-A: "{{"
    body:
      b: [1,
        '{{c}}']
    ? method
    : GET
    stop_if: nope(1)
outage:
  after: 5
chunk_size: 0
batch_size:
`, "--parallelism", "0", "--max-failures", "0.5"))
}

func TestValuesWithBracesMustBeQuoted(t *testing.T) {
	t.Parallel()
	const head, why = "input: {uri: a.csv}\noutput: {uri: out}\n", "YAML does not read a value with {{ as a text here; quote it: "
	for content, message := range map[string]string{
		"call:\n  http:\n    url: {{.url}}\n":                                  "job.yaml:5:10: call.http.url: " + why + "url: '{{.url}}'",
		"call:\n  http:\n    url: {{.url}}/x?y={{.z}}\n    method: GET\n":      "job.yaml:5:10: " + why + "url: '{{.url}}/x?y={{.z}}'",
		"call:\n  http:\n    url: {{index . 'a'}}/b\n":                         "job.yaml:5:10: " + why + "url: '{{index . ''a''}}/b'",
		"call: {http: {url: http://x/{{.url}}, method: GET}}\n":                "job.yaml:3:20: " + why + "url: 'http://x/{{.url}}'",
		"call: {http: {url: {{.url}}}}\n":                                      "job.yaml:3:20: call.http.url: " + why + "url: '{{.url}}'",
		"call: {exec: {command: [a, {{.url}}]}}\n":                             "job.yaml:3:28: call.exec.command[1]: " + why + "'{{.url}}'",
		"call:\n  http:\n    url: http://x/{{.id}}\n    body:\n    - {{.a}}\n": "job.yaml:7:7: call.http.body[0]: " + why + "- '{{.a}}'",
	} {
		require.Contains(t, validate(t, "job.yaml", head+content), message, content)
	}
}

func TestFilesThatCannotBeRead(t *testing.T) {
	t.Parallel()
	for _, c := range []struct{ name, content, message string }{
		{"a.yaml", "", "a.yaml: the file is empty"},
		{"a.yaml", "# nothing\n", "a.yaml: "},
		{"a.yaml", "text", "a.yaml: spec: must be a JSON object"},
		{"a.yaml", "rate: 1\n\trate: 2\n", "a.yaml:2:1: the YAML cannot be read: found character '\t' that cannot start any token"},
		{"a.yaml", "rate: 1\nrate: 2: 3\n", "a.yaml:2:7: the YAML cannot be read: mapping value is not allowed in this context"},
		{"a.yaml", "rate: 1\n---\nrate: 2\n", "a.yaml:2:1: there is a second document; a file holds one spec"},
		{"a.yaml", "rate: .inf\n", "a.yaml:1:7: rate: .inf is not a number that JSON has"},
		{"a.yaml", "rate: *a\n", "unknown anchor 'a' referenced"},
		{"a.yaml", "rate: &a [*a, *a]\n", "holds too many values: does an alias hold itself?"},
		{"a.yaml", "output: {include_input: yes}\n", "a.yaml:1:10: output.include_input: found a JSON string where a bool belongs; write true or false"},
		{"a.json", "{\n  \"rate\": 1\n  \"canary\": 2}", "a.json:3:3: the JSON cannot be read: invalid character '\"' after object key:value pair"},
		{"a.json", "{\n\t\"rate\": 1,\n\t\"rate\": 2}", "a.json:3:2: rate: is there twice, first in line 2; keep one of them"},
		{"a.json", "{\n\t\"rate\": -1, \"output\": {\"uri\": \"\\ud83d\\ude00\"}, \"canary\": -1}", "a.json:2:49: canary: -1 is out of range"},
	} {
		require.Contains(t, validate(t, c.name, c.content), c.message, c.content)
	}
}
