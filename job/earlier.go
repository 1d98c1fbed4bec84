package job

import "time"

// EarlierRun is what is known of records that were done before, and called again
// since: their answers are not in the parts.
type EarlierRun struct {
	Ended time.Time `json:"ended,omitzero"`
	// Why it was stopped, if that is known.
	Why string `json:"why,omitempty"`
	Totals
	// Finished are the chunks of batches that were made anew.
	Finished []ChunkTiming `json:"finished,omitempty"`
}
