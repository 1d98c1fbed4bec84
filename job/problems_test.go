package job

import (
	"encoding/json"
	"fmt"
	"math"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"
)

func problemsOf(t *testing.T, text string) string {
	t.Helper()
	var s Spec
	err := json.Unmarshal([]byte(text), &s)
	if err == nil {
		err = s.Validate()
	}
	if err == nil {
		return ""
	}
	require.Equal(t, KindSpec, KindOf(err))
	return err.Error()
}

func TestAllThatIsWrongIsSaidAtOnce(t *testing.T) {
	t.Parallel()
	require.Equal(t, `input.urii: unknown field, did you mean uri?
call.http.method: found a JSON number where a string belongs
call.http.headers.X-A: found a JSON number where a string belongs
call.http.retry_on[1]: "6xx" is not an HTTP status: write 429 or "5xx"
parallelism: "many" is not a parallelism; give a number, "auto", or {"min": 4, "max": 1000}
batch_size: has no value; give one, or leave the field out
outage.after: 5 is not a duration: write a string with a unit, such as "500ms" or "2s"
output.uri: is missing; name a folder for the answers: "output": {"uri": "out"}
call.http.url: {id} is sent as it stands; write {{.id}}, or set call.http.same_for_all to true if it is meant
rate: -1 is out of range; give calls per second, or 0 for no limit
retry.maximum_attempts: 0 is out of range; give 1 to 1000
canary: 1001 is out of range; give 0 to 1000`, problemsOf(t, `{
		"input": {"urii": "a.csv"},
		"call": {"http": {"url": "http://x/{id}", "method": 5, "headers": {"X-A": 1}, "retry_on": [429, "6xx"]}},
		"parallelism": "many", "batch_size": null, "rate": -1, "canary": 1001, "outage": {"after": 5},
		"retry": {"maximum_attempts": 0}
	}`))
	require.Equal(t, "rate: is there twice; keep one of them", problemsOf(t, minimal+`,"rate":1,"rate":2}`))
	require.Equal(t, "call.htp: unknown field, did you mean http?",
		problemsOf(t, `{"input":{"count":1},"output":{"uri":"o"},"call":{"htp":{"url":"x"}}}`), "the call is misspelt, not missing")
}

func TestTraps(t *testing.T) {
	t.Parallel()
	const inHTTP = `{"input":{"count":1},"output":{"uri":"o"},"call":{"http":{"url":"http://x/{{.}}",`
	for text, message := range map[string]string{
		minimal + `,"max_failures":0.1}`:                  `max_failures: 0.1 is a fraction of a record; write "10%" or a whole number`,
		minimal + `,"max_failures":2.5}`:                  `max_failures: 2.5 is not a whole number of records; write "2.5%" or a whole number`,
		minimal + `,"max_failures":-1}`:                   "max_failures: -1 is out of range",
		minimal + `,"max_failures":"NaN"}`:                `max_failures: "NaN" is neither a count nor a percentage: write 100 or "10%"`,
		minimal + `,"max_failures":"Inf%"}`:               "is neither a count nor a percentage",
		minimal + `,"max_failures":"0x10"}`:               "is neither a count nor a percentage",
		minimal + `,"canary":-1}`:                         "canary: -1 is out of range; give 0 to 1000",
		minimal + `,"outage":{"give_up_at_start":"-1s"}}`: "outage.give_up_at_start: -1s is out of range; give 0s or more",
		inHTTP + `"method":"GTE"}}}`:                      `call.http.method: "GTE" is not an HTTP method; did you mean GET?`,
		inHTTP + `"method":"POSTT"}}}`:                    "did you mean POST?",
		inHTTP + `"method":"get"}}}`:                      "methods are in capitals: write GET",
		inHTTP + `"method":"Search"}}}`:                   "use GET, POST or another one, in capitals",
		inHTTP + `"select_null":"keep"}}}`:                "call.http.select_null: goes with call.http.select",
		inHTTP + `"select":".a","select_null":"null"}}}`:  `call.http.select_null: "null" is neither fail nor keep`,
		inHTTP + `"retry_on":["2xx"]}}}`:                  "call.http.retry_on[0]: 2xx is a success; to call again because of what is in an answer, use call.http.retry_if",
		inHTTP + `"retry_on":[100]}}}`:                    "call.http.retry_on[0]: 100 is not the status of an answer",
		inHTTP + `"retry_on":null}}}`:                     "call.http.retry_on: has no value",
		inHTTP + `"headers":{"A":"1","a":"2"}}}}`:         "call.http.headers.a: is the same header as A",
		inHTTP + `"headers":{"A B":"1"}}}}`:               `call.http.headers.A B: "A B" is not the name of a header`,
		inHTTP + `"headers":{"A":"{{"}}}}`:                "call.http.headers.A: the template does not parse: unclosed action",
		inHTTP + `"body":{"a":["{{nope}}"]}}}}`:           `call.http.body.a[0]: the template does not parse: function "nope" not defined; write {{.nope}}`,
	} {
		require.Contains(t, problemsOf(t, text), message, text)
	}
	for _, valid := range []string{
		minimal + `,"max_failures":1e3}`, minimal + `,"max_failures":"0.1%"}`, minimal + `,"canary":0}`,
		inHTTP + `"method":"PURGE"}}}`, inHTTP + `"method":"QUERY"}}}`, inHTTP + `"select":".a","select_null":"keep"}}}`,
	} {
		require.Empty(t, problemsOf(t, valid), valid)
	}
	s := DefaultSpec()
	s.MaxFailures.Value = math.NaN()
	require.ErrorContains(t, s.Validate(), "max_failures: NaN% is out of range")
}

// More would overflow what is read, and a worker has an answer in memory.
func TestTheLongestAnswerIsBounded(t *testing.T) {
	t.Parallel()
	for _, call := range []string{`"http":{"url":"http://x/{{.id}}","max_response_bytes":%d}`, `"exec":{"command":["cat"],"max_response_bytes":%d}`} {
		for size, wrong := range map[int64]bool{1: false, 1 << 30: false, 1<<30 + 1: true, math.MaxInt64: true} {
			problems := problemsOf(t, fmt.Sprintf(`{"input":{"uri":"a.csv"},"output":{"uri":"out"},"call":{`+call+`}}`, size))
			require.Equal(t, wrong, strings.Contains(problems, "is out of range; give 1 to 1073741824"), problems)
		}
	}
}

func TestTheOutputIsAFolderOfItsOwn(t *testing.T) {
	t.Parallel()
	for uri, wrong := range map[string]bool{
		".": true, "./": true, "/": true, "a/..": true, "..": true, "../..": true, "//": true,
		"out": false, "./out/": false, "../out": false, "/data/out": false, "{scheduled_time}": false,
	} {
		s := DefaultSpec()
		s.Output.URI = uri
		if wrong {
			require.ErrorContains(t, s.Validate(), "is not a folder for the answers alone", uri)
		} else {
			require.NotContains(t, s.Validate().Error(), "output.uri", uri)
		}
	}
}

func TestARequestMustUseTheRecord(t *testing.T) {
	t.Parallel()
	const no = "no field of the record: every call would be the same"
	for name, c := range map[string]struct{ url, body, message string }{
		"field":              {"http://x/{{.id}}", "", ""},
		"dot":                {"http://x/{{.}}", "", ""},
		"dollar":             {"http://x/{{range $i, $e := env \"A\"}}{{$.id}}{{end}}", "", ""},
		"pipeline":           {"http://x/{{.id | urlquery}}", "", ""},
		"function":           {`http://x/{{index . "Full Name" | printf "%s"}}`, "", ""},
		"chain":              {`http://x/{{(index . "a").b}}`, "", ""},
		"condition":          {`http://x/{{if eq .kind "a"}}a{{else}}b{{end}}`, "", ""},
		"inside a condition": {`http://x/{{if env "A"}}{{.id}}{{end}}`, "", ""},
		"else of with":       {`http://x/{{with env "A"}}{{.}}{{else}}{{.id}}{{end}}`, "", ""},
		"variable":           {`http://x/{{$x := .id}}{{$x}}`, "", ""},
		"defined":            {`{{define "a"}}{{.id}}{{end}}http://x/{{template "a" .}}`, "", ""},
		"body":               {"http://x", `"{{json .}}"`, ""},
		"in the tree":        {"http://x", `{"a":[1,{"b":"{{.id}}"}]}`, ""},
		"none":               {"http://x", "", "call.http.url: the URL uses " + no},
		"text only":          {`http://x/{{env "A"}}`, `{"a":[true]}`, "call.http.url: the URL uses " + no},
		"neither":            {"http://x", `{"a":"b"}`, "call.http.url: URL and body use " + no},
		"another dot":        {`http://x/{{with env "A"}}{{.}}{{end}}`, "", no},
		"not called":         {`{{define "a"}}{{.id}}{{end}}http://x/`, "", no},
		"braces":             {"http://x/{customer_id}", "", "call.http.url: {customer_id} is sent as it stands; write {{.customer_id}}"},
		"braces with spaces": {"http://x/{ customer_id }", "", "{ customer_id } is sent as it stands; write {{.customer_id}}"},
		"dollar name":        {"http://x/$customer_id", "", "$customer_id is sent as it stands; write {{.customer_id}}"},
		"dollar braces":      {"http://x/${customer_id}", "", "${customer_id} is sent as it stands; write {{.customer_id}}"},
		"angles":             {"http://x/<id>/y", "", "<id> is sent as it stands; write {{.id}}"},
		"colon":              {"http://x:80/:id", "", "/:id is sent as it stands; write {{.id}}"},
		"percent":            {"http://x/%s", "", "%s is sent as it stands; write a field of the record, such as {{.id}}"},
		"percent encoding":   {"http://x/%d0%b0", "", no},
		"braces in the body": {"http://x", `{"a":"{customer_id}"}`, "call.http.body.a: {customer_id} is sent as it stands"},
		"XML":                {"http://x", `"<id>5</id>"`, no},
		"mustache":           {"http://x/{{customer_id}}", "", "write {{.customer_id}}"},
		"space":              {"http://x/{{.Full Name | urlquery}}", "", `write {{index . "Full Name" | urlquery}}`},
		"dash, nested":       {"http://x/{{ .a.full-name }}", "", `write {{index .a "full-name"}}`},
	} {
		h := DefaultHTTPSpec()
		h.URL = c.url
		if c.body != "" {
			require.NoError(t, h.Body.UnmarshalJSON([]byte(c.body)))
		}
		h.Headers = map[string]string{"X-A": "{{.id}}"}
		err := Joined(h.problems())
		if c.message == "" {
			require.NoError(t, err, name)
			continue
		}
		require.ErrorContains(t, err, c.message, name)
		if h.SameForAll = true; c.url != "" && name != "mustache" && name != "space" && name != "dash, nested" {
			require.Empty(t, h.problems(), name)
		}
	}
}

// What means the same is the same call, and what does not is another one.
func TestTheIdentityOfACall(t *testing.T) {
	t.Parallel()
	identity := func(text string) string {
		var h HTTPSpec
		require.NoError(t, json.Unmarshal([]byte(text), &h), text)
		return CallSpec{HTTP: &h}.identity()
	}
	base := identity(`{"url":"u","headers":{"X-A":"1"},"body":{"b":1.50,"a":"<é>"}}`)
	for _, same := range []string{
		`{"url":"u","headers":{"x-a":"1"},"body":{ "a" : "\u003c\u00e9>", "b":1.5 },"method":"POST"}`,
		`{"url":"u","headers":{"X-A":"1"},"body":{"b":15e-1,"a":"<é>"},"timeout":"1s","retry_on":[],"stop_if":".a","select_null":"fail"}`,
	} {
		require.Equal(t, base, identity(same), same)
	}
	for _, other := range []string{
		`{"url":"u","headers":{"X-A":"1"},"body":{"b":"1.50","a":"<é>"}}`,
		`{"url":"u","headers":{"X-A":"1"},"body":{"b":1.51,"a":"<é>"}}`,
		`{"url":"u","headers":{"X-A":"1"},"body":{"b":1.50,"a":"<é>"},"fail_if":".a"}`,
		`{"url":"u","headers":{"X-A":"1"},"body":{"b":1.50,"a":"<é>"},"method":"PUT"}`,
		`{"url":"u","headers":{"X-A":"1"},"body":"{\"a\":\"<é>\",\"b\":15e-1}"}`,
		`{"url":"u","headers":{"X-A":"1"},"body":{"b":1.5000000000000000000000000001,"a":"<é>"}}`,
	} {
		require.NotEqual(t, base, identity(other), other)
	}
	require.NotEqual(t, identity(`{"url":"u","select":".a"}`), identity(`{"url":"u","select":".a","select_null":"keep"}`))
	require.Equal(t, identity(`{"url":"u","headers":{}}`), identity(`{"url":"u","body":""}`))
}

func TestNumbersOfTheSameValue(t *testing.T) {
	t.Parallel()
	for _, same := range [][]json.Number{
		{"0", "-0", "0.00", "0e5"}, {"1.5", "1.50", "15e-1", "0.15E+1"}, {"-100", "-1e2", "-100.0"},
		{"1e1000000000000", "10e999999999999"}, {"123456789012345678901234567890"}, {"123456789012345678901234567891"},
	} {
		for _, number := range same {
			require.Equal(t, equalNumber(same[0]), equalNumber(number), number)
		}
	}
	require.NotEqual(t, equalNumber("123456789012345678901234567890"), equalNumber("123456789012345678901234567891"))
}
