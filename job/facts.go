package job

import "time"

// Facts are what an output folder tells of its job.
type Facts struct {
	JobID   string
	Spec    Spec
	Records int64
	Totals
	// Started is when the folder was first used, Ended the last commit.
	Started, Ended time.Time
	// Finished are the chunks, in the order of the records.
	Finished []Finished
	// Latency is an HdrHistogram, as in Commit.
	Latency  string
	Failures []FailureGroup
	Changes  []Change
	Earlier  []EarlierRun
}

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
	Failure CallError
	// Count is how many; First is the lowest index among them.
	Count, First int64
}
