// Package exitcode says which error ends the command line with which exit code.
package exitcode

import (
	"errors"
	"fmt"
	"strings"

	"longhaul/job"
)

// The exit codes but 0, which is success.
const (
	Failed      = 1
	Usage       = 2
	MostFailed  = 3
	Interrupted = 130
)

// Errors of commands that have told the user already why they end.
var (
	// ErrInterrupted ends a command that Ctrl-C stopped.
	ErrInterrupted = errors.New("interrupted")
	// ErrRefuted ends verify.
	ErrRefuted = errors.New("not proven")
	// ErrMostFailed ends a job that is done, most of whose records failed.
	ErrMostFailed = errors.New("most records failed")
)

// UsageError is a command line that cannot be understood or followed.
type UsageError struct{ error }

// Usagef makes a *UsageError.
func Usagef(format string, args ...any) error { return &UsageError{fmt.Errorf(format, args...)} }

func (e *UsageError) Unwrap() error { return e.error }

// OfSummary is ErrMostFailed if more than half of a job's records failed, else nil.
func OfSummary(summary job.Summary) error {
	if 2*summary.Failed > summary.Records {
		return ErrMostFailed
	}
	return nil
}

// Told says whether the user knows of the error already.
func Told(err error) bool {
	return errors.Is(err, ErrInterrupted) || errors.Is(err, ErrRefuted) || errors.Is(err, ErrMostFailed)
}

// Of is the exit code of a command that ended with this error, which may be nil.
func Of(err error) int {
	var usage *UsageError
	switch {
	case err == nil:
		return 0
	case errors.Is(err, ErrInterrupted):
		return Interrupted
	case errors.Is(err, ErrMostFailed):
		return MostFailed
	case errors.As(err, &usage), strings.HasPrefix(err.Error(), "unknown command"), job.KindOf(err) == job.KindSpec:
		return Usage
	default:
		return Failed
	}
}
