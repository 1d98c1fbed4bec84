package report

import (
	"time"

	"longhaul/internal/failures"
	"longhaul/job"
)

// Facts are what an output folder tells of its job.
type Facts struct {
	JobID   string
	Spec    job.Spec
	Records int64
	State   State
	// Totals count what is in parts and, of batches that are not done, in journals.
	job.Totals
	// Journaled are those of Totals that are only in journals.
	Journaled job.Totals
	// Started is when the folder was first used, Ended the last commit.
	Started, Ended time.Time
	// Finished are the chunks, in the order of the records.
	Finished []job.ChunkTiming
	// Latency is an HdrHistogram, as in Commit.
	Latency  string
	Failures []failures.Group
	Changes  []job.Change
	// Earlier are records of earlier runs that were called again since.
	Earlier []job.EarlierRun
}

// State is how a job stands.
type State struct {
	Name StateName
	// Why a stopped job was stopped; empty if that is not known.
	Why string
}

// StateName is the state without the reason.
type StateName string

// The states of a job, as its output folder tells.
const (
	Finished StateName = "finished"
	Running  StateName = "running"
	Stopped  StateName = "stopped"
)
