package calls

import (
	"io"
	"net/http"
	"strconv"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"longhaul/job"
)

// mirror answers with the status, Retry-After and body that the record names.
func mirror(w http.ResponseWriter, r *http.Request) {
	status, _ := strconv.Atoi(r.URL.Query().Get("status"))
	if after := r.URL.Query().Get("after"); after != "" {
		w.Header().Set("Retry-After", after)
	}
	w.Header().Set("X-Quota", "none")
	w.WriteHeader(status)
	_, _ = io.WriteString(w, r.URL.Query().Get("body"))
}

func TestConditionsJudgeAnswers(t *testing.T) {
	t.Parallel()
	s := spec(serve(t, mirror) + "/?status={{.status}}&body={{.body | urlquery}}&after={{.after}}")
	s.StopIf = `.body.error.code == "insufficient_quota"`
	s.FailIf = `.body.error.code == "content_policy" or (.status == 503 and .headers["x-quota"] == "all")`
	s.RetryIf = `.input.again == true or .body.error != null`
	for value, want := range map[string]*job.CallError{
		`{"status":200,"body":"{\"answer\":1}","after":""}`:                                 nil,
		`{"status":200,"body":"{\"error\":{\"code\":\"overloaded\"}}","after":""}`:          {Kind: "retry_if", Status: 200, Retry: true},
		`{"status":200,"body":"{\"error\":{\"code\":\"overloaded\"}}","after":"3"}`:         {Kind: "retry_if", Status: 200, Retry: true, RetryAfter: 3 * time.Second, Throttled: true},
		`{"status":200,"body":"{\"error\":{\"code\":\"content_policy\"}}","after":""}`:      {Kind: "fail_if", Status: 200},
		`{"status":429,"body":"{\"error\":{\"code\":\"insufficient_quota\"}}","after":"1"}`: {Kind: "stop_if", Status: 429, Stop: true},
		`{"status":400,"body":"no JSON","after":"","again":true}`:                           {Kind: "retry_if", Status: 400, Retry: true},
		`{"status":200,"body":"<html>","after":""}`:                                         {Kind: "stop_if"},
		`{"status":400,"body":"no JSON","after":""}`:                                        {Kind: "http", Status: 400},
		`{"status":429,"body":"","after":""}`:                                               {Kind: "http", Status: 429, Retry: true, Throttled: true},
		`{"status":503,"body":"","after":""}`:                                               {Kind: "http", Status: 503, Retry: true},
		`{"status":503,"body":"","after":"2"}`:                                              {Kind: "http", Status: 503, Retry: true, RetryAfter: 2 * time.Second, Throttled: true},
	} {
		_, err := caller(t, s).Call(t.Context(), record(value))
		if want == nil {
			require.NoError(t, err, value)
			continue
		}
		var failure *job.CallError
		require.ErrorAs(t, err, &failure, value)
		if want.Kind != "http" && want.Status != 0 {
			require.True(t, strings.HasPrefix(failure.Message, "the answer fits "+want.Kind+": "), failure.Message)
		}
		failure.Message = ""
		require.Equal(t, want, failure, value)
	}
	for field, bad := range map[string]job.HTTPSpec{"stop_if": {StopIf: ".a["}, "fail_if": {FailIf: "nope(1)"}, "retry_if": {RetryIf: "."}} {
		if field == "retry_if" {
			bad.RetryIf = "if"
		}
		_, err := newHTTP(bad, Options{Env: env})
		require.ErrorContains(t, err, "call.http."+field+": the jq expression does not parse")
	}
}

// A host without an address and a certificate that is not trusted are mistakes of
// the spec, as a rule.
func TestMistakesOfTheSetupAreMarked(t *testing.T) {
	t.Parallel()
	failure := fail(t, spec("http://does-not-exist.invalid/"))
	require.Equal(t, "transport", failure.Kind)
	require.True(t, failure.Setup, failure)
	failure = fail(t, spec(strings.Replace(serve(t, echo), "http://", "https://", 1)))
	require.True(t, failure.Setup, failure)
	failure = fail(t, spec("http://127.0.0.1:1/"))
	require.False(t, failure.Setup, failure)
	require.True(t, failure.Retry)
}
