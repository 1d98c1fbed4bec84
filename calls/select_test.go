package calls

import (
	"io"
	"net/http"
	"testing"

	"github.com/stretchr/testify/require"

	"longhaul/job"
)

func TestSelectKeepsAPart(t *testing.T) {
	t.Parallel()
	url := serve(t, func(w http.ResponseWriter, _ *http.Request) {
		_, _ = io.WriteString(w, `{"data":{"items":[{"id":12345678901,"name":"a <b>"},{"id":2}]},"page":1,"big":9007199254740993}`)
	})
	for expression, want := range map[string]string{
		".data.items[0]":           `{"id":12345678901,"name":"a <b>"}`,
		"[.data.items[].id] | add": "12345678903",
		".missing":                 "null",
		"empty":                    "null",
		".big":                     "9007199254740993",
		"[.big]":                   "[9007199254740993]",
	} {
		s := spec(url)
		s.Select, s.SelectNull = expression, job.SelectNullKeep
		answer, err := caller(t, s).Call(t.Context(), record(`1`))
		require.NoError(t, err)
		require.Equal(t, want, string(answer.Output), expression)
	}
	s := spec(url)
	s.Select = ".page.x"
	_, err := caller(t, s).Call(t.Context(), record(`1`))
	var failure *job.CallError
	require.ErrorAs(t, err, &failure)
	require.Equal(t, "select", failure.Kind)
	require.False(t, failure.Retry)
	for _, nothing := range []string{".missing", "empty"} {
		s.Select = nothing
		_, err := caller(t, s).Call(t.Context(), record(`1`))
		require.ErrorAs(t, err, &failure)
		require.Equal(t, `select: select found nothing in the answer: {"data":{"items":[{"id":12345678901,"name":"a <b>"},{"id":2}]},"page":1,"big":9007199254740993}`, failure.Error())
		require.False(t, failure.Retry)
	}
	for _, bad := range []string{".a[", "nope(1)"} {
		s.Select = bad
		_, err = newHTTP(s, Options{Env: env})
		require.ErrorContains(t, err, "call.http.select: the jq expression does not parse")
	}
}
