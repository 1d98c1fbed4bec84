package job

import (
	"encoding/json"
	"reflect"
	"testing"
	"time"

	"github.com/stretchr/testify/require"
)

const minimal = `{"input":{"count":1},"output":{"uri":"out"},"call":{"sleep":{"duration":"1ms"}}`

func TestDefaultsAreThoseOfTheContract(t *testing.T) {
	t.Parallel()
	var s Spec
	require.NoError(t, json.Unmarshal([]byte(minimal+`}`), &s))
	require.Equal(t, 200, s.Parallelism)
	require.EqualValues(t, 1000, s.ChunkSize)
	require.Equal(t, 500*time.Millisecond, s.ChunkInterval.Std())
	require.EqualValues(t, 5, s.BatchSize)
	require.Equal(t, s.ChunkInterval, s.IntervalBetweenBatches())
	require.Zero(t, s.Rate)
	require.Equal(t, RetrySpec{5, Duration(500 * time.Millisecond), 2, Duration(30 * time.Second)}, s.Retry)
	require.Equal(t, "10%", s.MaxFailures.String())
	require.Equal(t, 10*time.Second, s.HeartbeatTimeout.Std())
	require.Equal(t, 5*time.Minute, s.CapabilityTimeout.Std())
	require.NoError(t, s.Validate())
}

func TestSpecSurvivesARoundTrip(t *testing.T) {
	t.Parallel()
	text := `{"input":{"uri":"a.csv"},"output":{"uri":"o"},"call":{"http":{"url":"http://x/{{.id}}","headers":{"A":"b"}}},
		"chunk_interval":"0s","batch_interval":"2s","max_failures":"2.5%","retry":{"maximum_attempts":1}}`
	var s, again Spec
	require.NoError(t, json.Unmarshal([]byte(text), &s))
	data, err := json.Marshal(s)
	require.NoError(t, err)
	require.NoError(t, json.Unmarshal(data, &again))
	require.True(t, reflect.DeepEqual(s, again))
	require.Zero(t, s.ChunkInterval, "0s is not the default")
	require.Equal(t, 2*time.Second, s.IntervalBetweenBatches().Std())
	require.Equal(t, 500*time.Millisecond, s.Retry.InitialInterval.Std(), "the rest of retry has its defaults")
	require.EqualValues(t, 10<<20, s.Call.HTTP.MaxResponseBytes)
}

func TestBadSpecsAreNamedByField(t *testing.T) {
	t.Parallel()
	for name, c := range map[string]struct{ spec, message string }{
		"misspelt":              {minimal + `,"chunksize":1}`, "chunksize: unknown field, did you mean chunk_size?"},
		"misspelt deep":         {`{"call":{"http":{"header":{}}}}`, "call.http.header: unknown field, did you mean headers?"},
		"unknown":               {minimal + `,"colour":"red"}`, "colour: unknown field; the fields here are input, output, call"},
		"number for a duration": {minimal + `,"chunk_interval":5}`, `chunk_interval: 5 is not a duration: write a string with a unit`},
		"bad duration":          {minimal + `,"chunk_interval":"5"}`, `chunk_interval: "5" is not a duration`},
		"string for a number":   {minimal + `,"parallelism":"many"}`, "is not a parallelism; give a number"},
		"fraction":              {minimal + `,"parallelism":1.5}`, "parallelism: found a JSON number 1.5 where a whole number belongs"},
		"array for an object":   {`{"input":[]}`, "input: must be a JSON object"},
		"no object":             {`[]`, "spec: must be a JSON object"},
		"zero parallelism":      {minimal + `,"parallelism":0}`, "parallelism: 0 is out of range; give 1 to 100000"},
		"chunk size":            {minimal + `,"chunk_size":100001}`, "chunk_size: 100001 is out of range"},
		"batch size":            {minimal + `,"batch_size":0}`, "batch_size: 0 is out of range"},
		"batch too big":         {minimal + `,"chunk_size":100000,"batch_size":51}`, "chunk_size × batch_size: 5100000 is out of range"},
		"negative interval":     {minimal + `,"chunk_interval":"-1s"}`, "chunk_interval: -1s is out of range"},
		"negative rate":         {minimal + `,"rate":-1}`, "rate: -1 is out of range"},
		"capability":            {minimal + `,"capability_timeout":"0s"}`, "capability_timeout: 0s is out of range; give 1s or more"},
		"heartbeat":             {minimal + `,"heartbeat_timeout":"10ms"}`, "heartbeat_timeout: 10ms is out of range; give 1s or more"},
		"max_failures":          {minimal + `,"max_failures":"110%"}`, "max_failures: 110% is out of range"},
		"max_failures text":     {minimal + `,"max_failures":"few"}`, `max_failures: "few" is neither a count nor a percentage`},
		"attempts":              {minimal + `,"retry":{"maximum_attempts":0}}`, "retry.maximum_attempts: 0 is out of range"},
		"coefficient":           {minimal + `,"retry":{"backoff_coefficient":0.5}}`, "retry.backoff_coefficient: 0.5 is out of range"},
		"no input":              {`{"output":{"uri":"o"},"call":{"sleep":{"duration":"1s"}}}`, "input: one of input.uri and input.count is needed"},
		"two inputs":            {`{"input":{"uri":"a","count":1}}`, "input: input.uri and input.count are both set"},
		"negative count":        {`{"input":{"count":-1}}`, "input.count: -1 is negative"},
		"unknown extension":     {`{"input":{"uri":"a.xlsx"}}`, `input.format: the extension of "a.xlsx" does not tell the format`},
		"unknown format":        {`{"input":{"uri":"a","format":"xml"}}`, `input.format: "xml" is not a format`},
		"no output":             {`{"input":{"count":1},"call":{"sleep":{"duration":"1s"}}}`, "output.uri: is missing"},
		"no call":               {`{"input":{"count":1},"output":{"uri":"o"}}`, "call: there is none; set exactly one of call.http, call.exec, call.func and call.sleep"},
		"two calls":             {`{"input":{"count":1},"output":{"uri":"o"},"call":{"sleep":{},"http":{"url":"x"}}}`, "call: there are 2; set exactly one"},
		"no command":            {`{"input":{"count":1},"output":{"uri":"o"},"call":{"exec":{"command":[]}}}`, "call.exec.command: is missing"},
		"processes":             {`{"input":{"count":1},"output":{"uri":"o"},"call":{"exec":{"command":["x"],"processes":-1}}}`, "call.exec.processes: -1 is out of range"},
		"no name":               {`{"input":{"count":1},"output":{"uri":"o"},"call":{"func":{}}}`, "call.func.name: is missing"},
		"retry_on":              {`{"call":{"http":{"url":"x","retry_on":[429,"6xx"]}}}`, `call.http.retry_on[1]: "6xx" is not an HTTP status`},
		"retry_on, no list":     {`{"call":{"http":{"url":"x","retry_on":429}}}`, `call.http.retry_on: must be a list`},
		"half a certificate":    {`{"input":{"count":1},"output":{"uri":"o"},"call":{"http":{"url":"x","tls":{"cert_file":"c"}}}}`, "call.http.tls: cert_file and key_file go together"},
		"no url":                {`{"input":{"count":1},"output":{"uri":"o"},"call":{"http":{}}}`, "call.http.url: is missing"},
		"bad method":            {`{"input":{"count":1},"output":{"uri":"o"},"call":{"http":{"url":"x","method":"GET /"}}}`, "call.http.method"},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			var s Spec
			err := json.Unmarshal([]byte(c.spec), &s)
			if err == nil {
				err = s.Validate()
			}
			require.ErrorContains(t, err, c.message)
			require.Equal(t, KindSpec, KindOf(err))
		})
	}
}

// Every limit of a default spec that is broken is found, so that a field added
// without a check shows.
func TestAMinimalSpecIsValid(t *testing.T) {
	t.Parallel()
	for _, text := range []string{
		minimal + `}`,
		`{"input":{"uri":"a.jsonl"},"output":{"uri":"o"},"call":{"http":{"url":"http://x/{{.}}"}}}`,
		`{"input":{"count":0},"output":{"uri":"o"},"call":{"sleep":{"duration":"0s"}},"max_failures":0,"rate":0.5}`,
		`{"input":{"uri":"a.txt","format":"csv"},"output":{"uri":"o"},"call":{"sleep":{"duration":"0s"}},"max_failures":"100%"}`,
	} {
		var s Spec
		require.NoError(t, json.Unmarshal([]byte(text), &s), text)
		require.NoError(t, s.Validate(), text)
	}
}
