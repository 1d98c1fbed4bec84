package job

import "time"

// Facts are what an output folder tells of its job.
type Facts struct {
	JobID   string
	Spec    Spec
	Records int64
	State   Standing
	// Totals count what is in parts and, of batches that are not done, in journals.
	Totals
	// Journaled are those of Totals that are only in journals.
	Journaled Totals
	// Started is when the folder was first used, Ended the last commit.
	Started, Ended time.Time
	// Finished are the chunks, in the order of the records.
	Finished []Finished
	// Latency is an HdrHistogram, as in Commit.
	Latency  string
	Failures []FailureGroup
	Changes  []Change
	// Earlier are records of earlier runs that were called again since.
	Earlier []EarlierRun
}

// Standing is how a job stands.
type Standing struct {
	Name StateName
	// Why a stopped job was stopped; empty if that is not known.
	Why string
}

// StateName is the state without the reason.
type StateName string

// The states of a job, as its output folder tells.
const (
	StateFinished StateName = "finished"
	StateRunning  StateName = "running"
	StateStopped  StateName = "stopped"
)

// EarlierRun is what is known of records that were done before, and called again
// since: their answers are not in the parts.
type EarlierRun struct {
	Ended time.Time `json:"ended,omitzero"`
	// Why it was stopped, if that is known.
	Why string `json:"why,omitempty"`
	Totals
	// Finished are the chunks of batches that were made anew.
	Finished []Finished `json:"finished,omitempty"`
}

// FailureGroup is the records that failed in the same way.
type FailureGroup struct {
	// Pattern is their message, with # for numbers, ids and quoted values unless
	// all are the same; empty for messages that were too many to tell apart.
	Pattern string
	// Failure is that of the first record.
	Failure CallError
	// Count is how many; First is the lowest index among them.
	Count, First int64
}

// Name is the kind and, if there is one, the status.
func (g FailureGroup) Name() string { return g.Failure.Name() }
