package job

import (
	"strings"
	"time"
)

// CallSpec chooses the slow call: exactly one of its fields is set.
type CallSpec struct {
	HTTP  *HTTPSpec  `json:"http,omitempty"`
	Exec  *ExecSpec  `json:"exec,omitempty"`
	Func  *FuncSpec  `json:"func,omitempty"`
	Sleep *SleepSpec `json:"sleep,omitempty"`
}

// String is the call in a few words.
func (c CallSpec) String() string {
	switch {
	case c.HTTP != nil:
		return c.HTTP.EffectiveMethod() + " " + c.HTTP.URL
	case c.Exec != nil:
		return strings.Join(c.Exec.Command, " ")
	case c.Func != nil:
		return "function " + c.Func.Name
	case c.Sleep != nil:
		return "sleep " + c.Sleep.Duration.String()
	default:
		return "none"
	}
}

// FuncSpec is a Go function that the worker has under a name.
type FuncSpec struct {
	// Name is what the worker's calls.Func says.
	Name string `json:"name"`
	// Timeout bounds one call: its context ends then; at least 1ms, default 30s. A
	// call that returns later has failed, and is made again like one that an http
	// timeout has ended. A function that ignores its context is waited for. JSON
	// leaves a zero out: the worker then uses the default.
	Timeout Duration `json:"timeout,omitzero"`
}

// DefaultFuncSpec is a FuncSpec with its defaults; it needs a name.
func DefaultFuncSpec() FuncSpec { return FuncSpec{Timeout: Duration(30 * time.Second)} }

// UnmarshalJSON fills in the defaults of what is not there.
func (f *FuncSpec) UnmarshalJSON(data []byte) error {
	type plain FuncSpec
	*f = DefaultFuncSpec()
	return decode(data, (*plain)(f))
}

// ExecSpec is a program that is kept alive and answers one line of JSON for each
// line of JSON that it is given.
type ExecSpec struct {
	// Command is the program and its arguments; it runs in the worker's root.
	Command []string `json:"command"`
	// Timeout bounds one answer; default 30s. A program that misses it is
	// killed, with its children.
	Timeout Duration `json:"timeout"`
	// Processes is how many may live at once in one worker; default 0 is as
	// many as there are calls in flight.
	Processes int `json:"processes,omitempty"`
	// MaxResponseBytes bounds an answer; default 10 MiB.
	MaxResponseBytes int64 `json:"max_response_bytes"`
}

// DefaultExecSpec is an ExecSpec with its defaults.
func DefaultExecSpec() ExecSpec {
	return ExecSpec{Timeout: Duration(30 * time.Second), MaxResponseBytes: 10 << 20}
}

// UnmarshalJSON fills in the defaults of what is not there.
func (e *ExecSpec) UnmarshalJSON(data []byte) error {
	type plain ExecSpec
	*e = DefaultExecSpec()
	return decode(data, (*plain)(e))
}

// SleepSpec waits and answers its input: for demos and tests.
type SleepSpec struct {
	// Duration is how long each call takes.
	Duration Duration `json:"duration"`
}

// HTTPSpec is one HTTP request for each record. URL, header values and body
// are Go text/templates over the record.
type HTTPSpec struct {
	// Method is the HTTP method; default GET, or POST when there is a body.
	Method string `json:"method,omitempty"`
	// URL is a template, such as "https://api.example.com/items/{{.id | urlquery}}".
	URL string `json:"url"`
	// Headers are templates by header name.
	Headers map[string]string `json:"headers,omitempty"`
	// Body is a template, such as "{{json .}}", or a JSON value whose strings
	// are templates.
	Body Body `json:"body,omitzero"`
	// Timeout bounds one attempt, its answer included; default 30s.
	Timeout Duration `json:"timeout"`
	// MaxResponseBytes bounds the answer's body; default 10 MiB.
	MaxResponseBytes int64 `json:"max_response_bytes"`
	// RetryOn are the statuses that are tried again; default 408, 425, 429 and
	// 5xx. Timeouts and transport errors always are.
	RetryOn []StatusPattern `json:"retry_on"`
	// Select is a jq expression; its first result is kept of each answer.
	Select string `json:"select,omitempty"`
	// SelectNull says what a Select that gives null, or nothing, means: "fail", the
	// default, or "keep".
	SelectNull SelectNull `json:"select_null,omitempty"`
	// StopIf, FailIf and RetryIf are jq expressions over {status, headers, body,
	// input}, for answers of any status. The first one that is neither false nor
	// null decides: the job stops, the record fails, the call is made again.
	StopIf  string `json:"stop_if,omitempty"`
	FailIf  string `json:"fail_if,omitempty"`
	RetryIf string `json:"retry_if,omitempty"`
	// SameForAll allows a URL and body that use no field of the record.
	SameForAll bool `json:"same_for_all,omitempty"`
	// TLS is for servers with an authority of their own, or that want a client
	// certificate.
	TLS TLSSpec `json:"tls,omitzero"`
}

// SelectNull says what a select that finds nothing means.
type SelectNull string

// The values of select_null.
const (
	SelectNullFail SelectNull = "fail"
	SelectNullKeep SelectNull = "keep"
)

// TLSSpec names files in PEM, relative to the worker's root.
type TLSSpec struct {
	// CAFile holds the authorities to trust instead of the system's.
	CAFile string `json:"ca_file,omitempty"`
	// CertFile and KeyFile are the client certificate.
	CertFile string `json:"cert_file,omitempty"`
	KeyFile  string `json:"key_file,omitempty"`
}

// DefaultHTTPSpec is an HTTPSpec with its defaults.
func DefaultHTTPSpec() HTTPSpec {
	return HTTPSpec{
		Timeout: Duration(30 * time.Second), MaxResponseBytes: 10 << 20,
		RetryOn: []StatusPattern{"408", "425", "429", "5xx"},
	}
}

// UnmarshalJSON fills in the defaults of what is not there.
func (h *HTTPSpec) UnmarshalJSON(data []byte) error {
	type plain HTTPSpec
	*h = DefaultHTTPSpec()
	return decode(data, (*plain)(h))
}
