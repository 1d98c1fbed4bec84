package job

import (
	"fmt"
	"slices"
	"strings"
	"time"
)

// StopError is _longhaul/stopped.json: why a job was stopped by what its calls came to,
// and a call that shows it. As an error it says the reason only: an answer's text
// does not go through Temporal.
type StopError struct {
	At     time.Time `json:"at"`
	Reason string    `json:"reason"`
	// Failure is that of the call; zero if no single call shows the reason.
	Failure CallError `json:"failure,omitzero"`
	// Index is the record's, Request what was sent for it; nil if the call is not
	// a request.
	Index   int64        `json:"index"`
	Request *HTTPRequest `json:"request,omitempty"`
	// Record is not written: Request shows what was made of it.
	Record Record `json:"-"`
}

func (s *StopError) Error() string { return s.Reason }

// HTTPRequest is a request as it is sent, but for secrets: values of the
// environment, and of headers and parameters that hold a secret by their name, are
// replaced by ***.
type HTTPRequest struct {
	Method  string   `json:"method"`
	URL     string   `json:"url"`
	Headers []string `json:"headers,omitempty"`
	Body    string   `json:"body,omitempty"`
}

// secretNames are parts of the names of headers and parameters that hold secrets.
var secretNames = []string{"authorization", "cookie", "token", "secret", "password", "apikey", "signature"}

// HoldsSecret says by the name of a header or a parameter whether its value is a
// secret.
func HoldsSecret(name string) bool {
	name = strings.NewReplacer("-", "", "_", "").Replace(strings.ToLower(name))
	return name == "key" || name == "sig" || slices.ContainsFunc(secretNames, func(part string) bool { return strings.Contains(name, part) })
}

// FailureBudget is how many failures a run of a job tolerates.
type FailureBudget struct {
	Limit FailureLimit `json:"limit"`
	// Before counts the records that count although they were done before: for a
	// redrive, all that are not called again.
	Before Totals `json:"before,omitzero"`
}

// TooManyFailures says that max_failures was exceeded.
func TooManyFailures(limit FailureLimit, totals Totals, output string) *Error {
	return Errorf(KindTooManyFailures, "", "max_failures %s exceeded: %d of %d records failed", limit, totals.Failed, totals.Done()).
		WithHint("see longhaul failures %s for the reasons; what was done is kept: fix the cause or raise max_failures, "+
			"and start the job again with the same output: the records that failed are called again", ShellQuote(output))
}

// Name is the kind and, if there is one, the status: "http 503".
func (e *CallError) Name() string {
	if e.Status == 0 {
		return e.Kind
	}
	return fmt.Sprintf("%s %d", e.Kind, e.Status)
}
