package job

import (
	"errors"
	"fmt"
	"strings"
)

// Kind says what an Error is about, and with that whether trying again can help. It is
// decided once, where the error arises, and also becomes the type of the Temporal
// application error.
type Kind string

// The kinds of errors. All but KindStorage, KindUnknown and KindWorkerLacks are permanent:
// trying again without a change by the user gives the same answer.
const (
	// KindSpec: the job spec is wrong.
	KindSpec Kind = "InvalidSpec"
	// KindInput: the input cannot be read, or is not what it was.
	KindInput Kind = "InvalidInput"
	// KindOutput: the output folder belongs to another job, or was damaged.
	KindOutput Kind = "InvalidOutput"
	// KindTakenOver: another job has taken over the output folder.
	KindTakenOver Kind = "TakenOver"
	// KindTooManyFailures: max_failures was exceeded.
	KindTooManyFailures Kind = "TooManyFailures"
	// KindOutage: nearly all calls have failed for outage.give_up.
	KindOutage Kind = "Outage"
	// KindStopped: the first calls have all failed in a way that no retry can
	// fix, or an answer said that no other call would end better (stop_if).
	KindStopped Kind = "Stopped"
	// KindStorage: a disk or network error that may pass.
	KindStorage Kind = "Storage"
	// KindRefused: the worker belongs to a longhaul run, and works for its job only.
	KindRefused Kind = "Refused"
	// KindWorkerLacks is the type of the error with which a worker passes a task on: it
	// lacks something that the job needs, see Error.OfWorker. The job goes on when another
	// worker takes the task.
	KindWorkerLacks Kind = "WorkerLacks"
	// KindServer: the local Temporal server cannot be started or stopped.
	KindServer Kind = "Server"
	// KindUnknown: an error that Longhaul does not know. It may pass; if it does not,
	// the activity fails with it after some minutes.
	KindUnknown Kind = "Unknown"
)

// Error is what Longhaul's packages return: what was being done, what went
// wrong, and what to do about it.
type Error struct {
	// Op names the thing at fault: a spec field, a file, a line.
	Op string
	// Kind decides whether Temporal tries again.
	Kind Kind
	// Err is what went wrong.
	Err error
	// Hint is what the user can do; may be empty.
	Hint string
	// worker is set by OfWorker.
	worker bool
}

// ErrOfWorker is what errors.Is finds in an error that is about the worker that was asked,
// not about the job: another worker may have what this one lacks (a permission, a function,
// a program, a file below its root).
var ErrOfWorker = errors.New("another worker may have it")

// Errorf makes an Error without a hint.
func Errorf(kind Kind, op, format string, args ...any) *Error {
	return &Error{Op: op, Kind: kind, Err: fmt.Errorf(format, args...)}
}

// WithHint returns the error with advice for the user.
func (e *Error) WithHint(format string, args ...any) *Error {
	e.Hint = fmt.Sprintf(format, args...)
	return e
}

// OfWorker marks the error as one of the worker that was asked, see ErrOfWorker.
func (e *Error) OfWorker() *Error {
	e.worker = true
	return e
}

// Is finds ErrOfWorker.
func (e *Error) Is(target error) bool { return e.worker && target == ErrOfWorker }

func (e *Error) Error() string {
	var b strings.Builder
	if e.Op != "" {
		b.WriteString(e.Op)
		b.WriteString(": ")
	}
	b.WriteString(e.Err.Error())
	if e.Hint != "" {
		b.WriteString("; ")
		b.WriteString(e.Hint)
	}
	return b.String()
}

func (e *Error) Unwrap() error { return e.Err }

// KindOf returns the kind of the outermost Error in err's chain. An error that
// is none of ours is KindUnknown.
func KindOf(err error) Kind {
	var e *Error
	if errors.As(err, &e) {
		return e.Kind
	}
	return KindUnknown
}

// Permanent says whether trying again is of no use.
func (k Kind) Permanent() bool { return k != KindStorage && k != KindUnknown && k != KindWorkerLacks }
