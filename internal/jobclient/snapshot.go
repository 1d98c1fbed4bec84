package jobclient

import (
	"context"
	"fmt"
	"time"

	commonpb "go.temporal.io/api/common/v1"
	enumspb "go.temporal.io/api/enums/v1"
	workflowpb "go.temporal.io/api/workflow/v1"
	"go.temporal.io/sdk/client"
	"go.temporal.io/sdk/converter"

	"longhaul/job"
)

const (
	queryTimeout = 3 * time.Second
	// processChunk is the type of the activities that make calls.
	processChunk = "ProcessChunk"
)

// Snapshot is the state of a job at one time.
type Snapshot struct {
	job.Progress
	At     time.Time
	Status enumspb.WorkflowExecutionStatus
	// Queue is the job's task queue.
	Queue string
	// Known is false while no worker answers the progress query.
	Known bool
	// Chunks are those that a worker is busy with.
	Chunks []RunningChunk
	// InChunks counts the records done inside running chunks, by heartbeats.
	InChunks int64
	// Wait is what the job waits for. Problem is the same if only a text tells it, or
	// why the last attempt of an activity failed. At most one of them is set.
	Wait    *job.Wait
	Problem string
}

// RunningChunk has told how many of its records are done: at its start, or with
// its last heartbeat.
type RunningChunk struct {
	Count
	Started time.Time
	// Retried is set for all attempts but the first.
	Retried bool
}

// Count says how many records were done at a time.
type Count struct {
	At   time.Time
	Done int64
}

// Answered counts records with an answer, those inside running chunks too.
func (s Snapshot) Answered() int64 {
	done := s.Done() + s.InChunks
	if s.Known && s.Records > 0 {
		return min(done, s.Records)
	}
	return done
}

// Fields are for programs: the keys and values of the JSON of status and watch.
func (s Snapshot) Fields() map[string]any {
	return map[string]any{
		"at": s.At.UTC(), "status": s.Status.String(), "progress": s.Progress, "done": s.Answered(), "trouble": s.Problem, "wait": s.Wait,
	}
}

// Describe asks server and workflow. A job that no worker answers for is no error: then
// Known is false.
func Describe(ctx context.Context, c client.Client, id string) (Snapshot, error) {
	s := Snapshot{}
	described, err := c.DescribeWorkflowExecution(ctx, id, "")
	if err != nil {
		return s, jobError(id, err)
	}
	s.At = time.Now()
	s.Status = described.GetWorkflowExecutionInfo().GetStatus()
	s.Queue = described.GetExecutionConfig().GetTaskQueue().GetName()
	said := make([]activityState, 0, len(described.GetPendingActivities()))
	for _, pending := range described.GetPendingActivities() {
		beat := heartbeatOf(pending)
		s.add(pending, beat)
		said = append(said, stateOf(pending, beat))
	}
	queryCtx, cancel := context.WithTimeout(ctx, queryTimeout)
	defer cancel()
	answer, err := c.QueryWorkflow(queryCtx, id, "", job.QueryProgress)
	if err == nil {
		err = answer.Get(&s.Progress)
	}
	s.Known = err == nil
	s.setWait(said)
	s.setConcurrency(said)
	return s, ctx.Err()
}

// heartbeatOf is what an activity has told last; zero if it has told nothing.
func heartbeatOf(pending *workflowpb.PendingActivityInfo) (said job.Heartbeat) {
	if details := pending.GetHeartbeatDetails(); len(details.GetPayloads()) > 0 {
		decode(details, &said)
	}
	return said
}

// add takes what a running chunk tells of its records.
func (s *Snapshot) add(pending *workflowpb.PendingActivityInfo, said job.Heartbeat) {
	if pending.GetActivityType().GetName() != processChunk {
		return
	}
	s.InChunks += said.Done
	if pending.GetState() != enumspb.PENDING_ACTIVITY_STATE_STARTED {
		return
	}
	started, at := pending.GetLastStartedTime().AsTime(), pending.GetLastHeartbeatTime().AsTime()
	if at.Before(started) { // another attempt's
		at = started
	}
	s.Chunks = append(s.Chunks, RunningChunk{Count{at, said.Done}, started, pending.GetAttempt() > 1})
}

// setConcurrency adds what running chunks tell to what the workflow knows of those that have
// ended.
func (s *Snapshot) setConcurrency(said []activityState) {
	for _, t := range said {
		if t.concurrency != nil && s.Settings.MinParallelism > 0 {
			s.Concurrency = job.LatestConcurrency(s.Concurrency, *t.concurrency)
		}
	}
}

// decode leaves the value zero if it does not understand the details.
func decode(details *commonpb.Payloads, into any) {
	_ = converter.GetDefaultDataConverter().FromPayloads(details, into)
}

// jobError is an error of the server about a job.
func jobError(id string, err error) error {
	return fmt.Errorf("job %s: %w", id, err)
}
