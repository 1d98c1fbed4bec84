package workflows

import (
	"time"

	"longhaul/job"
)

// stateVersion is the version of State that this code writes and reads.
const stateVersion = 1

// State is what a run carries to the run that continues it. Whoever starts a job gives
// none, or the zero value.
type State struct {
	Version int `json:"version"`
	// Plan is what IndexInput returned; its Committed and Totals are those at
	// the start of the job.
	Plan job.Plan `json:"plan"`
	// Input is the input's URI, its placeholders filled in.
	Input string `json:"input,omitempty"`
	// Next is the first record that no chunk has been made of. All before it
	// are committed.
	Next int64 `json:"next"`
	// Totals are those of all committed batches.
	Totals job.Totals `json:"totals"`
	// Due is when the next chunk may start.
	Due time.Time `json:"due"`
	// Started is when the first run began.
	Started time.Time `json:"started"`
	// Chunks counts those that were dispatched.
	Chunks int64 `json:"chunks"`
	// Tuning are the settings that differ from the spec.
	Tuning job.Tuning `json:"tuning,omitzero"`
	Paused bool       `json:"paused,omitempty"`
	// Control is the version of the last Control.
	Control int64 `json:"control,omitempty"`
	// Proven says that a call of the job has succeeded.
	Proven bool `json:"proven,omitempty"`
	// Meter is what was measured.
	Meter meterState `json:"meter,omitzero"`
	// Changes are the last ones.
	Changes []job.Change `json:"changes,omitempty"`
}
