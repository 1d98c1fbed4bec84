package claim

import (
	"context"
	"time"

	"longhaul/job"
)

// Owner says which workflow has claimed an output folder.
type Owner struct {
	Namespace  string `json:"namespace"`
	WorkflowID string `json:"workflow_id"`
	// RunID is that of the first run in a chain of continue-as-new. A workflow that was
	// reset is another owner.
	RunID string `json:"run_id"`
}

// Claimant is one attempt of an owner to claim a folder.
type Claimant struct {
	Owner
	// Attempt counts from 1; a later one replaces an earlier one.
	Attempt int32 `json:"attempt,omitempty"`
}

// State is what the server knows of an owner's workflow.
type State int

// The states of an owner.
const (
	// Unknown: this server does not know the workflow.
	Unknown State = iota
	Running
	Ended
)

// StateOf asks the server for the state of an owner, and since when it has ended; zero if
// that is not known. An error says that the server did not answer, so that nothing is known:
// the claim is not free then.
type StateOf func(context.Context, Owner) (state State, ended time.Time, err error)

// Lease is the content of a claim.
type Lease struct {
	Claimant
	Claimed time.Time `json:"claimed"`
	// Duration is how long the claim, and each renewal by a process that works
	// there, lasts.
	Duration job.Duration `json:"duration"`
	// Released is set when the job has finished.
	Released bool `json:"released,omitempty"`
	// Summary is that of the job, if it has finished.
	Summary *job.Summary `json:"summary,omitempty"`
	// Token is the ID of the fencing token for writes under this claim. Claims of
	// Longhaul 0.1 have none.
	Token string `json:"token,omitempty"`
	// Damaged: the claim could not be read.
	Damaged bool `json:"-"`
}

// Held says why a folder cannot be claimed now.
type Held struct {
	Owner
	// Running: the server says that the owner's workflow runs.
	Running bool
	// Damaged: nobody can tell who has the claim.
	Damaged bool
	// Until is when the folder is free unless it is renewed.
	Until time.Time
}
