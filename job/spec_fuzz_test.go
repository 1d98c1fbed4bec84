package job

import (
	"encoding/json"
	"testing"

	"github.com/stretchr/testify/require"
)

// Any text is refused as a spec, with what is wrong with it, or is a spec that comes back,
// with the same problems or none.
func FuzzSpec(f *testing.F) {
	for _, seed := range []string{
		minimal + `}`, `{"input":null,"call":{"http":null},"retry":{},"max_failures":"1%"}`, `{"a`, "", "null", "[]", minimal + `} {}`, `{"Rate":1,"rate":2,"rate":null}`,
		`{"input":{"uri":"s3://b/a.CSV?x","format":"csv"},"output":{"uri":"./out/"},"call":{"http":{"url":"http://x/{{.id}}?k={{env \"K\"}}","method":"PUT","headers":{"a":"{{.b}}","A":"<&\u2028"},
			"body":{"b":[1.50,1e400,-0,12345678901234567890,null,"{{json .x}}",{"":{}}],"a":"\ud800"},"timeout":"1h0m0.5s","retry_on":[429,"5xx"],"tls":{"cert_file":"c","key_file":"k"},
			"fail_if":".body.error","stop_if":".status == 401","retry_if":"false","select":".body.a","max_response_bytes":1}},
			"parallelism":100000,"chunk_size":1,"batch_size":1,"chunk_interval":"0s","batch_interval":"1ns","rate":0.1,"max_failures":7,"outage":{"after":"1s","give_up":"2h"}}`,
		`{"input":{"count":9223372036854775807},"output":{"uri":"o"},"call":{"exec":{"command":["a","{{.}}"],"processes":3}},"max_failures":"2.50%","retry":{"maximum_attempts":1,"initial_interval":"1us","backoff_coefficient":1.5}}`,
		`{"input":{"uri":"a","format":"lines"},"output":{"uri":"o"},"call":{"func":{"name":"n","timeout":"-1s"},"sleep":{"duration":"9999999h"}},"rate":1e308,"parallelism":1e2}`,
	} {
		f.Add([]byte(seed))
	}
	f.Fuzz(func(t *testing.T, data []byte) {
		var s Spec
		if err := json.Unmarshal(data, &s); err != nil {
			if json.Valid(data) {
				require.Equal(t, KindSpec, KindOf(err), "%v", err)
			}
			return
		}
		text, err := json.Marshal(s)
		require.NoError(t, err)
		var again Spec
		require.NoError(t, json.Unmarshal(text, &again), "what we write we read: %s", text)
		same, err := json.Marshal(again)
		require.NoError(t, err)
		require.Equal(t, string(text), string(same))
		require.Equal(t, s, again, "and is what it was")
		problem, problemAgain := s.Validate(), again.Validate()
		require.Equal(t, problem == nil, problemAgain == nil, "%v and %v", problem, problemAgain)
		if problem != nil {
			require.Equal(t, KindSpec, KindOf(problem))
			require.Equal(t, problem.Error(), problemAgain.Error())
		}
	})
}
