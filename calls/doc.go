// Package calls holds the slow calls: http, exec, func and sleep. Func makes a call of a
// Go function, for a worker of your own; the others come from the job's spec alone.
//
// Each call implements Caller, one method, and New chooses by the job's spec.
//
// A caller says with a *job.CallError why a call failed and whether to retry;
// retrying itself, bounding calls in flight and keeping the answers are not its
// business. An http call goes template.go (the request's text: plain_request.go, or text.go
// bounded by budget.go), http.go (one attempt, by way of guard.go and package transport),
// redirect.go, response.go (what the answer means); an exec call
// exec.go (which process), process.go (one line in, one line out).
package calls
