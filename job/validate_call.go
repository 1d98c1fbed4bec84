package job

import (
	"cmp"
	"net/http"
	"strings"
	"time"
)

func (c CallSpec) problems() []*Error {
	set := 0
	for _, chosen := range []bool{c.HTTP != nil, c.Exec != nil, c.Func != nil, c.Sleep != nil} {
		if chosen {
			set++
		}
	}
	const choose = "set exactly one of call.http, call.exec, call.func and call.sleep"
	var problems []*Error
	switch {
	case set == 0:
		return one(Errorf(KindSpec, "call", "there is none").WithHint(choose))
	case set > 1:
		problems = one(Errorf(KindSpec, "call", "there are %d", set).WithHint(choose))
	}
	if c.HTTP != nil {
		problems = append(problems, c.HTTP.problems()...)
	}
	if c.Exec != nil {
		problems = append(problems, c.Exec.problems()...)
	}
	if c.Func != nil {
		problems = append(problems, c.Func.problems()...)
	}
	if c.Sleep != nil {
		problems = append(problems, some(checkDuration("call.sleep.duration", c.Sleep.Duration, 0))...)
	}
	return problems
}

func (f *FuncSpec) problems() []*Error {
	var name *Error
	if f.Name == "" {
		name = Errorf(KindSpec, "call.func.name", "is missing")
	}
	return some(name, checkDuration("call.func.timeout", f.Timeout, time.Millisecond))
}

func (e *ExecSpec) problems() []*Error {
	var command *Error
	if len(e.Command) == 0 || e.Command[0] == "" {
		command = Errorf(KindSpec, "call.exec.command", "is missing").WithHint(`write it as a list: ["python3", "slow_function.py"]`)
	}
	var processes *Error
	if e.Processes < 0 {
		processes = Errorf(KindSpec, "call.exec.processes", "%d is out of range", e.Processes).WithHint("give 1 or more, or leave it out")
	}
	return some(
		command,
		checkDuration("call.exec.timeout", e.Timeout, time.Millisecond),
		processes,
		checkRange("call.exec.max_response_bytes", e.MaxResponseBytes, 1, maxResponseBytes),
	)
}

func (h *HTTPSpec) problems() []*Error {
	var url, tls *Error
	if h.URL == "" {
		url = Errorf(KindSpec, "call.http.url", "is missing").WithHint(`give a template: "https://api.example.com/items/{{.id | urlquery}}"`)
	}
	if (h.TLS.CertFile == "") != (h.TLS.KeyFile == "") {
		tls = Errorf(KindSpec, "call.http.tls", "cert_file and key_file go together")
	}
	problems := append(some(h.methodProblem(), url), h.templateProblems()...)
	problems = append(problems, some(
		checkDuration("call.http.timeout", h.Timeout, time.Millisecond),
		checkRange("call.http.max_response_bytes", h.MaxResponseBytes, 1, maxResponseBytes),
	)...)
	problems = append(problems, h.retryOnProblems()...)
	return append(problems, some(h.selectNullProblem(), tls)...)
}

// EffectiveMethod is the method that requests have: the one of the spec, or its
// default.
func (h *HTTPSpec) EffectiveMethod() string {
	if h.Body.IsEmpty() {
		return cmp.Or(h.Method, http.MethodGet)
	}
	return cmp.Or(h.Method, http.MethodPost)
}

var methods = []string{
	http.MethodGet, http.MethodHead, http.MethodPost, http.MethodPut, http.MethodPatch, http.MethodDelete, http.MethodOptions, "QUERY",
}

// methodProblem takes any method but what looks like a misspelt one: nearly all
// APIs have the usual methods only, and answer every other one with an error.
func (h *HTTPSpec) methodProblem() *Error {
	if h.Method == "" {
		return nil
	}
	problem := Errorf(KindSpec, "call.http.method", "%q is not an HTTP method", h.Method)
	upper := strings.ToUpper(h.Method)
	for _, known := range methods {
		switch distance := editDistance(upper, known); {
		case h.Method == known:
			return nil
		case distance == 0:
			return problem.WithHint("methods are in capitals: write %s", known)
		case distance == 1:
			return problem.WithHint("did you mean %s?", known)
		}
	}
	if !isToken(h.Method) || h.Method != upper {
		return problem.WithHint("use GET, POST or another one, in capitals")
	}
	return nil
}

// isToken says whether the text may be a method or the name of a header (RFC
// 9110, 5.6.2).
func isToken(text string) bool {
	return text != "" && strings.IndexFunc(text, func(r rune) bool {
		letter := r >= 'a' && r <= 'z' || r >= 'A' && r <= 'Z' || r >= '0' && r <= '9'
		return !letter && !strings.ContainsRune("!#$%&'*+-.^_`|~", r)
	}) < 0
}

func (h *HTTPSpec) retryOnProblems() []*Error {
	var problems []*Error
	for i, pattern := range h.RetryOn {
		field := fieldAt("call.http.retry_on", i)
		switch {
		case !statusPattern.MatchString(string(pattern)):
			problems = append(problems, Errorf(KindSpec, field, "%q is not an HTTP status", string(pattern)).WithHint(`write 429 or "5xx"`))
		case pattern[0] == '1':
			problems = append(problems, Errorf(KindSpec, field, "%s is not the status of an answer", pattern).WithHint(`write 429 or "5xx"`))
		case pattern[0] == '2':
			problems = append(problems, Errorf(KindSpec, field, "%s is a success", pattern).
				WithHint("to call again because of what is in an answer, use call.http.retry_if"))
		}
	}
	return problems
}

func (h *HTTPSpec) selectNullProblem() *Error {
	switch h.SelectNull {
	case "":
		return nil
	case SelectNullFail, SelectNullKeep:
		if h.Select != "" {
			return nil
		}
		return Errorf(KindSpec, "call.http.select_null", "goes with call.http.select, which is not set").WithHint("set select, or leave select_null out")
	}
	problem := Errorf(KindSpec, "call.http.select_null", "%q is neither fail nor keep", string(h.SelectNull))
	return problem.WithHint(`write "fail" to fail such records, or "keep" to keep null as their answer`)
}
