package e2e

import (
	"bytes"
	"crypto/tls"
	"crypto/x509"
	"encoding/json"
	"encoding/pem"
	"fmt"
	"net/http"
	"net/http/httptest"
	"os"
	"path/filepath"
	"reflect"
	"strings"
	"sync/atomic"
	"testing"
	"time"

	"github.com/stretchr/testify/require"
	"sigs.k8s.io/yaml"

	"longhaul/job"
)

// strictAPI wants a client certificate, a header and a body as the spec says, and
// fails each tenth record until it is fixed.
type strictAPI struct {
	*httptest.Server
	calls atomic.Int64
	fixed atomic.Bool
	half  chan struct{}
}

func newStrictAPI(t *testing.T) *strictAPI {
	t.Helper()
	a := &strictAPI{half: make(chan struct{})}
	a.Server = httptest.NewUnstartedServer(a)
	a.TLS = &tls.Config{ClientAuth: tls.RequireAnyClientCert}
	a.StartTLS()
	t.Cleanup(a.Close)
	return a
}

func (a *strictAPI) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	if a.calls.Add(1) == everyHalf {
		close(a.half)
	}
	<-time.After(20 * time.Millisecond)
	var body struct {
		ID   int    `json:"id"`
		Name string `json:"name"`
		Big  json.Number
	}
	err := json.NewDecoder(r.Body).Decode(&body)
	switch {
	case err != nil, r.Method != http.MethodPut, r.Header.Get("X-Name") != body.Name, body.Big != "9007199254740993",
		r.URL.Path != fmt.Sprintf("/records/%d", body.ID), !strings.Contains(body.Name, `"`):
		http.Error(w, "not as the spec says", http.StatusTeapot)
	case body.ID%10 == 7 && !a.fixed.Load():
		http.Error(w, "cannot", http.StatusUnprocessableEntity)
	default:
		fmt.Fprintf(w, `{"answer":{"id":%d},"error":null}`, body.ID)
	}
}

const (
	everyRecords = 240
	everyHalf    = 120
)

// everyField is a spec in which no field has its zero value, but those that exclude
// each other.
func everyField(t *testing.T, dir string, api *strictAPI) job.Spec {
	t.Helper()
	write := func(name, kind string, data []byte) string {
		require.NoError(t, os.WriteFile(filepath.Join(dir, name), pem.EncodeToMemory(&pem.Block{Type: kind, Bytes: data}), 0o600))
		return name
	}
	certificate := api.TLS.Certificates[0]
	key, err := x509.MarshalPKCS8PrivateKey(certificate.PrivateKey)
	require.NoError(t, err)
	var records bytes.Buffer
	for i := range everyRecords + 20 {
		fmt.Fprintf(&records, `{"id":%d,"name":"a \"name\" {{%d}}"}`+"\n", i, i)
	}
	require.NoError(t, os.WriteFile(filepath.Join(dir, "in.data"), records.Bytes(), 0o600))
	between := job.Duration(20 * time.Millisecond)
	return job.Spec{
		Input:  job.InputSpec{URI: "in.data", Format: job.FormatJSONL, Limit: everyRecords},
		Output: job.OutputSpec{URI: "out", IncludeInput: true},
		Call: job.CallSpec{HTTP: &job.HTTPSpec{
			Method: http.MethodPut, URL: api.URL + "/records/{{.id}}", Headers: map[string]string{"X-Name": "{{.name}}"},
			Body:    job.Body{Tree: json.RawMessage(`{"name": "{{.name}}", "id": "{{json .id}}", "big": 9007199254740993}`)},
			Timeout: job.Duration(20 * time.Second), MaxResponseBytes: 1000, RetryOn: []job.StatusPattern{"5xx", "429"},
			Select: ".answer", SelectNull: job.SelectNullFail,
			StopIf: ".status == 418", FailIf: ".body.error.code == 1", RetryIf: ".body.error != null and .status == 200", SameForAll: true,
			TLS: job.TLSSpec{
				CAFile: write("ca.pem", "CERTIFICATE", api.Certificate().Raw), CertFile: write("cert.pem", "CERTIFICATE", certificate.Certificate[0]),
				KeyFile: write("key.pem", "PRIVATE KEY", key),
			},
		}},
		Parallelism: 8, MinParallelism: 2, ChunkSize: 30, ChunkInterval: job.Duration(10 * time.Millisecond), BatchSize: 2, BatchInterval: &between,
		Rate: 400, Canary: 5, MaxFailures: job.FailureLimit{Value: 50, Percent: true}, HeartbeatTimeout: job.Duration(2 * time.Second), CapabilityTimeout: job.Duration(time.Minute),
		Retry: job.RetrySpec{
			MaximumAttempts: 3, InitialInterval: job.Duration(10 * time.Millisecond), BackoffCoefficient: 1.5, MaximumInterval: job.Duration(time.Second),
		},
		Outage: job.OutageSpec{
			After: job.Duration(5 * time.Second), ProbeInterval: job.Duration(time.Second), GiveUp: job.Duration(time.Hour), GiveUpAtStart: job.Duration(time.Minute),
		},
	}
}

// requireEveryField fails for a field that is zero, so that a new one is tried too.
func requireEveryField(t *testing.T, path string, value reflect.Value) {
	t.Helper()
	switch value.Kind() {
	case reflect.Pointer:
		if value.IsNil() {
			require.Contains(t, []string{"Spec.Input.Count", "Spec.Call.Exec", "Spec.Call.Func", "Spec.Call.Sleep", "Spec.Redrive", "Spec.Sample"}, path)
			return
		}
		requireEveryField(t, path, value.Elem())
	case reflect.Struct:
		for i := range value.NumField() {
			if name := value.Type().Field(i).Name; path+"."+name != "Spec.Call.HTTP.Body.Text" {
				requireEveryField(t, path+"."+name, value.Field(i))
			}
		}
	default:
		require.False(t, value.IsZero(), path)
	}
}

// One spec that uses every field runs by each command, is killed, goes on, is proven
// and redriven.
func TestASpecWithEveryField(t *testing.T) {
	t.Parallel()
	address := []string{"--address", shared.local.Address()}
	for name, start := range map[string]func(t *testing.T, dir, id string) *process{
		"longhaul run, YAML": func(t *testing.T, dir, _ string) *process {
			t.Helper()
			return launch(t, dir, "longhaul", append([]string{"run", "job.yaml"}, address...)...)
		},
		"longhaul start": func(t *testing.T, dir, id string) *process {
			t.Helper()
			out, code := runProgram(t, dir, "longhaul", append([]string{"start", "job.json", "--id", id, "--task-queue", id}, address...)...)
			require.Zero(t, code, out)
			return startWorker(t, shared, dir, id)
		},
		"temporal workflow start": func(t *testing.T, dir, id string) *process {
			t.Helper()
			out, code := runCommand(t, dir, os.Getenv("TEMPORAL_CLI"), append([]string{"workflow", "start", "--task-queue", id,
				"--type", "BulkCall", "--workflow-id", id, "--input-file", "job.json"}, address...)...)
			require.Zero(t, code, out)
			return startWorker(t, shared, dir, id)
		},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			api, dir, id := newStrictAPI(t), t.TempDir(), newID(t)
			spec := everyField(t, dir, api)
			requireEveryField(t, "Spec", reflect.ValueOf(spec))
			writeSpec(t, dir, spec)
			text, err := yaml.Marshal(spec)
			require.NoError(t, err)
			require.NoError(t, os.WriteFile(filepath.Join(dir, "job.yaml"), text, 0o600))

			first := start(t, dir, id)
			await(t, api.half, "half of the calls")
			first.kill()
			byRun := name == "longhaul run, YAML"
			if byRun {
				require.Zero(t, start(t, dir, id).wait())
			} else {
				startWorker(t, shared, dir, id)
				require.EqualValues(t, everyRecords/10, finishJob(t, shared.GetWorkflow(t.Context(), id, "")).Failed)
			}
			require.LessOrEqual(t, api.calls.Load(), int64(everyRecords+2*spec.Parallelism))
			verify := func() {
				out, code := runProgram(t, dir, "longhaul", "verify", "out")
				require.Zero(t, code, out)
			}
			verify()
			api.fixed.Store(true)
			made := api.calls.Load()
			job := id
			if byRun {
				job = "out"
			}
			out, code := runProgram(t, dir, "longhaul", append([]string{"redrive", job, "--status", "422"}, address...)...)
			require.Zero(t, code, out)
			if !byRun {
				require.Zero(t, finishJob(t, shared.GetWorkflow(t.Context(), id, "")).Failed)
			}
			require.EqualValues(t, everyRecords/10, api.calls.Load()-made)
			verify()
		})
	}
}
