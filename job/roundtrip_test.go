package job

import (
	"bytes"
	"encoding/json"
	"fmt"
	"math"
	"reflect"
	"strconv"
	"testing"
	"time"

	"github.com/stretchr/testify/require"
	"go.temporal.io/sdk/converter"
	"pgregory.net/rapid"
	"sigs.k8s.io/yaml"
)

// anyText is a text with what JSON and YAML treat as special.
var anyText = rapid.OneOf(
	rapid.StringMatching(`[a-z<>&"'\\ :#{}%\[\]-]{0,12}`),
	rapid.SampledFrom([]string{"no", "~", "null", "1e3", "0x1", "2026-01-02", "<b>&", "\u2028", "é", "\U0001F600", "\ud7ff", "a\nb", "\t", " a ", "%41"}),
)

func anyDuration(low time.Duration) *rapid.Generator[Duration] {
	return rapid.Map(rapid.Int64Range(int64(low), int64(100*time.Hour)), func(n int64) Duration { return Duration(n) })
}

// anyNumber is written in different ways. Those of more digits than a float64 has
// do not survive every YAML library.
func anyNumber(exact bool) *rapid.Generator[json.RawMessage] {
	generators := []*rapid.Generator[string]{
		rapid.Map(rapid.Int64(), func(n int64) string { return strconv.FormatInt(n, 10) }),
		rapid.Map(rapid.Float64Range(-1e20, 1e20), func(n float64) string { return strconv.FormatFloat(n, 'g', -1, 64) }),
		rapid.SampledFrom([]string{"1.0", "1.50", "-0", "100", "1e2", "1E+2", "0.10", "18446744073709551615", "1e-7"}),
	}
	if !exact {
		generators = append(generators, rapid.SampledFrom([]string{"123456789012345678901234567890", "1e400", "0.1234567890123456789"}))
	}
	return rapid.Map(rapid.OneOf(generators...), func(text string) json.RawMessage { return json.RawMessage(text) })
}

func anyTree(exact bool, depth int) *rapid.Generator[any] {
	//nolint:prealloc // it is a list of what there is
	generators := []*rapid.Generator[any]{
		rapid.Just[any](nil), rapid.Bool().AsAny(), anyText.Filter(isTemplate).AsAny(), rapid.Just[any]("{{json .}} {{.id}}"), anyNumber(exact).AsAny(),
	}
	if depth == 0 {
		return rapid.OneOf(generators...)
	}
	child := rapid.Deferred(func() *rapid.Generator[any] { return anyTree(exact, depth-1) })
	generators = append(generators, rapid.SliceOfN(child, 0, 3).AsAny(), rapid.MapOfN(anyText, child, 0, 3).AsAny())
	return rapid.OneOf(generators...)
}

func isTemplate(text string) bool {
	_, problem := ParseTemplate("x", text, stubs())
	return problem == nil
}

func anyBody(t *rapid.T, exact bool) (b Body) {
	switch rapid.IntRange(0, 5).Draw(t, "body") {
	case 0:
	case 1:
		b.Text = anyText.Filter(isTemplate).Draw(t, "text")
	default:
		text, err := json.MarshalIndent(anyTree(exact, 2).Draw(t, "tree"), "  ", "   ")
		require.NoError(t, err)
		require.NoError(t, b.UnmarshalJSON(text))
	}
	return b
}

func anyHTTP(t *rapid.T, exact bool) *HTTPSpec {
	h := DefaultHTTPSpec()
	h.Method = rapid.SampledFrom([]string{"", "GET", "POST", "QUERY", "PROPFIND"}).Draw(t, "method")
	h.URL = rapid.SampledFrom([]string{"http://x/{{.id}}", "http://x/?a=<{{.}}>&b='{{index . \"Full Name\"}}'"}).Draw(t, "url")
	if rapid.Bool().Draw(t, "headers") {
		h.Headers = map[string]string{"X-A": anyText.Filter(isTemplate).Draw(t, "header"), "accept": "{{env \"A\"}}"}
	}
	h.Body = anyBody(t, exact)
	h.Timeout = anyDuration(time.Millisecond).Draw(t, "timeout")
	h.MaxResponseBytes = rapid.Int64Range(1, maxResponseBytes).Draw(t, "bytes")
	h.RetryOn = rapid.SliceOf(rapid.SampledFrom([]StatusPattern{"429", "5xx", "408"})).Draw(t, "retry_on")
	h.StopIf, h.FailIf, h.RetryIf = anyText.Draw(t, "stop_if"), anyText.Draw(t, "fail_if"), anyText.Draw(t, "retry_if")
	if h.Select = anyText.Draw(t, "select"); h.Select != "" {
		h.SelectNull = rapid.SampledFrom([]SelectNull{"", SelectNullFail, SelectNullKeep}).Draw(t, "select_null")
	}

	h.SameForAll = rapid.Bool().Draw(t, "same_for_all")
	if rapid.Bool().Draw(t, "tls") {
		h.TLS = TLSSpec{CAFile: anyText.Draw(t, "ca"), CertFile: "c.pem", KeyFile: "k.pem"}
	}
	return &h
}

func anyCall(t *rapid.T, exact bool) (c CallSpec) {
	// Mostly HTTP, which has most fields.
	switch rapid.IntRange(0, 11).Draw(t, "call") {
	case 0:
		c.Exec = &ExecSpec{
			Command: append([]string{"x"}, rapid.SliceOfN(anyText, 0, 2).Draw(t, "arguments")...), Timeout: anyDuration(time.Millisecond).Draw(t, "timeout"),
			Processes: rapid.IntRange(0, 9).Draw(t, "processes"), MaxResponseBytes: rapid.Int64Range(1, maxResponseBytes).Draw(t, "bytes"),
		}
	case 1:
		c.Func = &FuncSpec{Name: "f" + anyText.Draw(t, "name"), Timeout: anyDuration(time.Millisecond).Draw(t, "timeout")}
	case 2:
		c.Sleep = &SleepSpec{Duration: anyDuration(0).Draw(t, "duration")}
	default:
		c.HTTP = anyHTTP(t, exact)
	}
	return c
}

func anySpec(t *rapid.T, exact bool) Spec {
	s := Spec{
		Input:       InputSpec{URI: "in" + anyText.Filter(func(text string) bool { return !placeholder.MatchString(text) }).Draw(t, "uri"), Format: rapid.SampledFrom([]Format{FormatCSV, FormatJSONL, FormatLines}).Draw(t, "format")},
		Output:      OutputSpec{URI: "out {workflow_id}", IncludeInput: rapid.Bool().Draw(t, "include")},
		Call:        anyCall(t, exact),
		Parallelism: rapid.IntRange(1, 100_000).Draw(t, "parallelism"), ChunkSize: rapid.Int64Range(1, 5000).Draw(t, "chunk"),
		ChunkInterval: anyDuration(0).Draw(t, "interval"), BatchSize: rapid.Int64Range(1, 1000).Draw(t, "batch"),
		Rate: rapid.Float64Range(0, math.MaxFloat64).Draw(t, "rate"), Canary: rapid.IntRange(0, 1000).Draw(t, "canary"),
		Retry: RetrySpec{
			MaximumAttempts: rapid.IntRange(1, 1000).Draw(t, "attempts"), InitialInterval: anyDuration(0).Draw(t, "initial"),
			BackoffCoefficient: rapid.Float64Range(1, 1e300).Draw(t, "coefficient"), MaximumInterval: Duration(200 * time.Hour),
		},
		Outage: OutageSpec{
			After: anyDuration(0).Draw(t, "after"), ProbeInterval: anyDuration(time.Second).Draw(t, "probe"),
			GiveUp: anyDuration(0).Draw(t, "give_up"), GiveUpAtStart: anyDuration(0).Draw(t, "at_start"),
		},
		MaxFailures:       FailureLimit{Value: float64(rapid.Int64Range(0, 1<<53).Draw(t, "failures"))},
		HeartbeatTimeout:  anyDuration(time.Second).Draw(t, "heartbeat"),
		CapabilityTimeout: anyDuration(time.Second).Draw(t, "capability"),
	}
	if rapid.Bool().Draw(t, "percent") {
		s.MaxFailures = FailureLimit{Value: rapid.Float64Range(0, 100).Draw(t, "percentage"), Percent: true}
	}
	if rapid.Bool().Draw(t, "count") {
		count := rapid.Int64Min(0).Draw(t, "records")
		s.Input = InputSpec{Count: &count}
	}
	s.MinParallelism = rapid.IntRange(0, s.Parallelism).Draw(t, "least")
	s.Input.Limit = rapid.Int64Min(0).Draw(t, "limit")
	if rapid.Bool().Draw(t, "batch_interval") {
		interval := anyDuration(0).Draw(t, "between")
		s.BatchInterval = &interval
	}
	switch rapid.IntRange(0, 2).Draw(t, "redrive or sample") {
	case 1:
		s.Redrive = &RedriveSpec{Kind: anyText.Draw(t, "kind"), Status: rapid.SampledFrom([]StatusPattern{"", "404", "5xx"}).Draw(t, "status")}
	case 2:
		s.Sample = &SampleSpec{Records: rapid.Int64Range(1, maxSample).Draw(t, "sample"), Seed: rapid.Uint64().Draw(t, "seed")}
	}
	return s
}

// storedAs are the ways that a spec takes; loses says which of them changes the
// spelling of numbers.
var storedAs = map[string]struct {
	loses bool
	again func(Spec) (Spec, error)
}{
	"job.json": {false, func(s Spec) (again Spec, err error) {
		var b bytes.Buffer
		encoder := json.NewEncoder(&b)
		encoder.SetIndent("", "  ")
		encoder.SetEscapeHTML(false)
		if err := encoder.Encode(Manifest{Spec: s}); err != nil {
			return s, err
		}
		var m Manifest
		err = json.Unmarshal(b.Bytes(), &m)
		return m.Spec, err
	}},
	"YAML": {true, func(s Spec) (again Spec, err error) {
		text, err := yaml.Marshal(s)
		if err != nil {
			return s, err
		}
		if text, err = yaml.YAMLToJSONStrict(text); err != nil {
			return s, fmt.Errorf("%w: %s", err, text)
		}
		return again, json.Unmarshal(text, &again)
	}},
	"Temporal": {false, func(s Spec) (again Spec, err error) {
		payload, err := converter.GetDefaultDataConverter().ToPayload(s)
		if err != nil {
			return s, err
		}
		return again, converter.GetDefaultDataConverter().FromPayload(payload, &again)
	}},
}

// Whatever a spec has come through, it is the same, and asks for the same call.
func TestASpecIsItselfWhateverItComesThrough(t *testing.T) {
	t.Parallel()
	seen := map[string]bool{}
	rapid.Check(t, func(t *rapid.T) {
		for name, way := range storedAs {
			s := anySpec(t, way.loses)
			require.NoError(t, s.Validate())
			again, err := way.again(s)
			require.NoError(t, err, name)
			require.NoError(t, again.Validate(), name)
			require.True(t, s.Same(again), "%s: %s\n%s", name, s.canonical(), again.canonical())
			require.Equal(t, s.Call.identity(), again.Call.identity(), name)
			again.Redrive = nil
			require.NoError(t, Manifest{Spec: s}.Accepts(again, Fingerprint{}, true), name)
			if again.Redrive = s.Redrive; !way.loses {
				require.Equal(t, s, again, name)
			}
			note(reflect.ValueOf(s), "Spec", seen)
		}
	})
	for _, path := range leavesOf(reflect.TypeFor[Spec](), "Spec") {
		require.True(t, seen[path], "no example sets %s: add it to anySpec", path)
	}
}

// note marks the fields that are not zero.
func note(v reflect.Value, path string, seen map[string]bool) {
	switch {
	case v.Kind() == reflect.Pointer && !v.IsNil():
		note(v.Elem(), path, seen)
	case v.Kind() == reflect.Struct:
		for i := range v.NumField() {
			note(v.Field(i), path+"."+v.Type().Field(i).Name, seen)
		}
	case !v.IsZero():
		seen[path] = true
	}
}

func leavesOf(t reflect.Type, path string) []string {
	if t.Kind() == reflect.Pointer {
		t = t.Elem()
	}
	if t.Kind() != reflect.Struct {
		return []string{path}
	}
	var leaves []string
	for i := range t.NumField() {
		leaves = append(leaves, leavesOf(t.Field(i).Type, path+"."+t.Field(i).Name)...)
	}
	return leaves
}
