package job

import (
	"fmt"
	"time"
)

// Ref says which job an activity works for: the output folder, the job's id,
// and the claim under which the folder was taken.
type Ref struct {
	// Output is the spec's output.uri.
	Output string `json:"output"`
	// JobID is made once, when the folder is first used.
	JobID string `json:"job_id"`
	// Epoch counts the claims to the folder. A higher one fences off a lower.
	Epoch int64 `json:"epoch"`
	// Token is the ID of the claim's fencing token; empty for a claim of Longhaul 0.1.
	Token string `json:"token,omitempty"`
	// CapabilityTimeout is the spec's, for a worker that cannot read the folder; 0 for a
	// job that an earlier version began.
	CapabilityTimeout Duration `json:"capability_timeout,omitempty"`
}

// Claimed is what ClaimOutput returns: the job under a new claim, and the run of the
// workflow that has it.
type Claimed struct {
	Ref
	RunID string `json:"run"`
}

// Range is the records [First, Last).
type Range struct {
	First int64 `json:"first"`
	Last  int64 `json:"last"`
}

// Len is the number of records in the range.
func (r Range) Len() int64 { return r.Last - r.First }

// Overlaps says whether the two ranges have a record in common.
func (r Range) Overlaps(other Range) bool { return r.First < other.Last && other.First < r.Last }

// Split divides the range into ranges of at most n records.
func (r Range) Split(n int64) (parts []Range) {
	for first := r.First; first < r.Last; first += n {
		parts = append(parts, Range{First: first, Last: min(first+n, r.Last)})
	}
	return parts
}

func (r Range) String() string {
	if r.Len() == 1 {
		return fmt.Sprintf("record %d", r.First)
	}
	return fmt.Sprintf("records %d-%d", r.First, r.Last-1)
}

// LaneGrant is the part of the job's limits that one lane may use.
type LaneGrant struct {
	// Lane is the lane's number.
	Lane int `json:"lane"`
	// RunID is the run of the workflow that granted it.
	RunID string `json:"run,omitempty"`
	// Version is that of the Control that the grant is from.
	Version int64 `json:"version,omitempty"`
	// Calls is how many calls in flight the lane adds.
	Calls int `json:"calls"`
	// Adaptive: the pool finds how many of them the API answers well, Least at least.
	Adaptive bool `json:"adaptive,omitempty"`
	Least    int  `json:"least,omitempty"`
	// Rate is how many calls per second it may start; 0 for no limit.
	Rate float64 `json:"rate,omitempty"`
	// Pool is the id of the pool that had the grant last.
	Pool string `json:"pool,omitempty"`
	// Fresh: nobody has had it yet.
	Fresh bool `json:"fresh,omitempty"`
}

// Chunk is the argument of ProcessChunk.
type Chunk struct {
	Range
	Grant LaneGrant `json:"share"`
	// StartDelay is waited out by the activity before its first record.
	StartDelay Duration `json:"start_delay,omitempty"`
	// Final says that no chunk follows in this lane: its grant is left to the
	// neighbours in the same process, so that a job does not end on a few calls.
	Final bool `json:"final,omitempty"`
	// Canary is how many calls may be in flight until one has succeeded; 0 if one
	// has, or for no such limit.
	Canary int `json:"canary,omitempty"`
	// Failures is what the job tolerates.
	Failures *FailureBudget `json:"failures,omitempty"`
}

// JournalRef is a sealed journal: later bytes of the file do not count.
type JournalRef struct {
	Name string `json:"name"`
	Size int64  `json:"size"`
}

// Totals counts records by outcome, and the calls that were made for them.
type Totals struct {
	Succeeded int64 `json:"succeeded"`
	Failed    int64 `json:"failed"`
	// Attempts counts calls, repeated ones too, without those below.
	Attempts int64 `json:"attempts"`
	// Throttled counts calls that the called side refused for now (HTTP 429).
	Throttled int64 `json:"throttled,omitempty"`
	// Outage counts calls that failed while nearly all did.
	Outage int64 `json:"outage,omitempty"`
}

// Calls is how many calls were made.
func (t Totals) Calls() int64 { return t.Attempts + t.Throttled + t.Outage }

// Done is the number of records that have an answer.
func (t Totals) Done() int64 { return t.Succeeded + t.Failed }

// Add returns the sum.
func (t Totals) Add(other Totals) Totals {
	return Totals{
		t.Succeeded + other.Succeeded, t.Failed + other.Failed,
		t.Attempts + other.Attempts, t.Throttled + other.Throttled, t.Outage + other.Outage,
	}
}

// Subtract returns the difference.
func (t Totals) Subtract(other Totals) Totals {
	return Totals{
		t.Succeeded - other.Succeeded, t.Failed - other.Failed,
		t.Attempts - other.Attempts, t.Throttled - other.Throttled, t.Outage - other.Outage,
	}
}

// Receipt is what ProcessChunk returns when every record of its range has an
// answer on disk, and which journals hold them.
type Receipt struct {
	Range
	Totals
	Journals []JournalRef `json:"journals"`
	// Pool is the id of the pool that had the chunk's grant.
	Pool string `json:"pool,omitempty"`
	// Latency is an HdrHistogram of the chunk's calls, as in Commit.
	Latency string `json:"latency,omitempty"`
	// Bottleneck is what kept the pool from being faster.
	Bottleneck Bottleneck `json:"limit,omitempty"`
	// Concurrency is what the pool has found; nil if the parallelism is fixed.
	Concurrency *Concurrency `json:"concurrency,omitempty"`
	// Failures are the chunk's, by kind.
	Failures []FailureCount `json:"failures,omitempty"`
	// LastError is what the last failed call said.
	LastError string `json:"last_error,omitempty"`
	// Unfinished: the lane was closed, or the workflow reset, before every record had an
	// answer. The journals are there, but nothing else of the receipt.
	Unfinished bool `json:"unfinished,omitempty"`
	// SettingsLost: the settings that were changed last cannot be read; Unfinished is set too.
	SettingsLost bool `json:"settings_lost,omitempty"`
	// Committed: the batch of the chunk is done, so no call was made. The receipt counts
	// nothing.
	Committed bool `json:"committed,omitempty"`
	// Called counts the records that were called by this attempt, Calls the calls.
	Called int64 `json:"called,omitempty"`
	Calls  int64 `json:"calls,omitempty"`
	// Bytes is the length of their answers, and of the records if these stand beside them.
	Bytes int64 `json:"bytes,omitempty"`
	// Waited is how long the chunk has waited for its last calls, after all had begun.
	Waited Duration `json:"waited,omitempty"`
}

// Batch is the argument of FlushBatch: a range to merge from these journals.
type Batch struct {
	Range
	Number   int64        `json:"number"`
	Journals []JournalRef `json:"journals"`
	// Finished says when how many of the records were done.
	Finished []ChunkTiming `json:"finished,omitempty"`
}

// ChunkTiming is a chunk that was done, and when.
type ChunkTiming struct {
	From    time.Time `json:"from"`
	At      time.Time `json:"at"`
	Records int64     `json:"records"`
}

// Plan is what IndexInput returns: all that the workflow must know to work
// with numbers alone from then on.
type Plan struct {
	Ref
	// Records is N.
	Records int64 `json:"records"`
	// BatchRecords is the length of every batch but the last.
	BatchRecords int64 `json:"batch_records"`
	// Committed are the ranges that were done before, merged and in order.
	Committed Ranges `json:"committed,omitempty"`
	// Totals are those of the committed ranges.
	Totals Totals `json:"totals"`
	// Partial are batches of which most records have an answer, in order.
	Partial []Partial `json:"partial,omitempty"`
	// Proven says that a call of this job has succeeded.
	Proven bool `json:"proven,omitempty"`
	// RunID is the run of the workflow that has taken the folder.
	RunID string `json:"run,omitempty"`
	// New says that the folder had no job before.
	New bool `json:"new,omitempty"`
	// Kept counts the records of a redrive that are not called again.
	Kept Totals `json:"kept,omitzero"`
	// Redriven counts failed records that are called again.
	Redriven int64 `json:"redriven,omitempty"`
}

// Partial is a range of which only some records are still to be called.
type Partial struct {
	Range
	Missing int64 `json:"missing"`
}

// Flushed is what FlushBatch returns.
type Flushed struct {
	Totals
	// Lost are records whose answer was promised by a receipt, and is gone: the batch is
	// not committed until they have been called again.
	Lost []Range `json:"lost,omitempty"`
}

// Summary is the result of the workflow and the content of _SUCCESS.
type Summary struct {
	JobID   string `json:"job_id"`
	Output  string `json:"output"`
	Records int64  `json:"records"`
	Totals
	// Sample is set if the job was a sample: then it has not finished, and the totals are
	// those of the sample.
	Sample *Sampled `json:"sample,omitempty"`
	// Epoch is that of the claim under which the job has finished.
	Epoch int64 `json:"epoch,omitempty"`
	// Redriven counts failed records that were called again.
	Redriven int64 `json:"redriven,omitempty"`
	// CommitsSHA256 is the digest, in hex, of the contents of all commits, one after the
	// other, in the order of their batches. Version 0.1 wrote none.
	CommitsSHA256 string `json:"commits_sha256,omitempty"`
}
