package job

import "time"

// Phase is what a running job is busy with.
type Phase string

// The phases of a job.
const (
	PhaseIndexing  Phase = "indexing"
	PhaseRunning   Phase = "running"
	PhaseDraining  Phase = "draining"
	PhaseFinishing Phase = "finishing"
	PhaseFinished  Phase = "finished"
)

// The names that Temporal knows us by.
const (
	// WorkflowType takes a Spec as its input.
	WorkflowType = "BulkCall"
	// TaskQueue is where workers look for tasks by default.
	TaskQueue = "longhaul"
	// QueryProgress answers with a Progress.
	QueryProgress = "progress"
)

// Progress is the answer to the progress query. It counts whole chunks; what
// is done inside running chunks is in their heartbeats.
type Progress struct {
	Phase  Phase  `json:"phase"`
	Output string `json:"output"`
	// Records is N, 0 while indexing.
	Records int64 `json:"records"`
	Totals
	// Skipped were committed before this workflow began; part of Totals.
	Skipped int64 `json:"skipped"`
	// ChunksInFlight is how many lanes are taken.
	ChunksInFlight int `json:"chunks_in_flight"`
	Lanes          int `json:"lanes"`
	// Started is when the workflow began, over all its runs.
	Started  time.Time `json:"started"`
	Settings Settings  `json:"settings"`
	// Changes of settings, the last hundred.
	Changes []Change `json:"changes,omitempty"`
}

// Heartbeat is what a running activity tells between its start and its end.
type Heartbeat struct {
	// Done counts records so far.
	Done int64 `json:"done"`
	// Waiting says what an activity waits for; empty if it works.
	Waiting string `json:"waiting,omitempty"`
}
