package calls

import (
	"encoding/json"
	"net/http"
	"os"
	"path/filepath"
	"sync/atomic"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"longhaul/job"
)

// A line end in a record ends no header and begins no request.
func TestARecordCannotAddAHeader(t *testing.T) {
	t.Parallel()
	var requests atomic.Int64
	var query atomic.Value
	url := serve(t, func(w http.ResponseWriter, r *http.Request) {
		requests.Add(1)
		query.Store(r.URL.RawQuery)
		if r.Header.Get("X-Evil") != "" || r.URL.Path != "/a" {
			t.Errorf("%s %v", r.URL, r.Header)
		}
		_, _ = w.Write([]byte("1"))
	})
	const evil = `"x\r\nX-Evil: 1\r\n\r\nGET /evil HTTP/1.1\r\n\r\n"`
	s := spec(url + "/a")
	s.Headers = map[string]string{"X-Name": "{{.}}"}
	_, err := caller(t, s).Call(t.Context(), record(evil))
	require.Error(t, err)
	require.Zero(t, requests.Load())

	_, err = caller(t, spec(url+"/a?q={{.}}")).Call(t.Context(), record(evil))
	require.Error(t, err, "a control character in a URL")
	require.Zero(t, requests.Load())
	_, err = caller(t, spec(url+"/a?q={{. | urlquery}}")).Call(t.Context(), record(evil))
	require.NoError(t, err)
	require.EqualValues(t, 1, requests.Load())
	require.Equal(t, "q=x%0D%0AX-Evil%3A+1%0D%0A%0D%0AGET+%2Fevil+HTTP%2F1.1%0D%0A%0D%0A", query.Load())
}

// A computed name is looked up where a written one is: among those that the operator allows.
func TestARecordCannotNameAVariable(t *testing.T) {
	t.Parallel()
	var sent atomic.Int64
	url := serve(t, func(http.ResponseWriter, *http.Request) { sent.Add(1) })
	allowed := func(name string) (string, error) {
		if name == "ALLOWED" {
			return "x", nil
		}
		return "", os.ErrPermission
	}
	c, err := newHTTP(spec(url+"/{{env .}}"), Options{Env: allowed})
	require.NoError(t, err)
	_, err = c.Call(t.Context(), record(`"HOME"`))
	var failure *job.CallError
	require.ErrorAs(t, err, &failure)
	require.Equal(t, "template", failure.Kind)
	require.Zero(t, sent.Load())
}

// Templates have the functions of text/template and three more. None of them reads a file,
// runs a program or connects.
func TestTemplatesHaveNoOtherFunctions(t *testing.T) {
	t.Parallel()
	require.ElementsMatch(t, []string{"json", "env"}, job.TemplateFunctions())
	for _, text := range []string{`{{readFile "/etc/passwd"}}`, `{{exec "id"}}`, `{{include "x"}}`, `{{getHostByName "x"}}`, `{{.Env.HOME}}`} {
		c, err := newHTTP(spec("http://x/"+text), Options{Env: env})
		if err == nil {
			err = c.Check(record(`{"a":1}`))
		}
		require.Error(t, err, text)
	}
}

// A program gets the record on its standard input, and as nothing else.
func TestARecordIsNoCommand(t *testing.T) {
	t.Parallel()
	made := filepath.Join(t.TempDir(), "made")
	c, err := newExec(job.ExecSpec{Command: []string{"sh", "-c", "cat", "{{.}}"}, Timeout: job.Duration(10 * time.Second), MaxResponseBytes: 1 << 20}, Options{AllowExec: true})
	require.NoError(t, err)
	defer c.Close()
	evil, err := json.Marshal("$(touch " + made + "); `touch " + made + "`; {{env \"HOME\"}}\n; touch " + made)
	require.NoError(t, err)
	answer, err := c.Call(t.Context(), job.Record{Value: evil})
	require.NoError(t, err)
	require.JSONEq(t, string(evil), string(answer.Output))
	require.NoFileExists(t, made)
}
