package main

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
	lookInterval = 500 * time.Millisecond
	queryTimeout = 3 * time.Second
	// processChunk is the type of the activities that make calls.
	processChunk = "ProcessChunk"
)

// snapshot is how a job stands.
type snapshot struct {
	job.Progress
	at     time.Time
	status enumspb.WorkflowExecutionStatus
	// queue is the job's task queue.
	queue string
	// known is false while no worker answers the progress query.
	known bool
	// chunks are those that a worker is busy with.
	chunks []runningChunk
	// inChunks counts the records done inside running chunks, by heartbeats.
	inChunks int64
	// wait is what the job waits for, trouble the same if only a text tells, or
	// why the last attempt of an activity failed.
	wait    *job.Wait
	trouble string
}

// runningChunk has told how many of its records are done: at its start, or with
// its last heartbeat.
type runningChunk struct {
	count
	started time.Time
	// again is set for all attempts but the first.
	again bool
}

// done counts records with an answer, those inside running chunks too.
func (s snapshot) done() int64 {
	done := s.Done() + s.inChunks
	if s.known && s.Records > 0 {
		return min(done, s.Records)
	}
	return done
}

// look asks server and workflow.
func look(ctx context.Context, c client.Client, id string) (snapshot, error) {
	s := snapshot{}
	described, err := c.DescribeWorkflowExecution(ctx, id, "")
	if err != nil {
		return s, noSuchJob(id, err)
	}
	s.at = time.Now()
	s.status = described.GetWorkflowExecutionInfo().GetStatus()
	s.queue = described.GetExecutionConfig().GetTaskQueue().GetName()
	said := make([]trouble, 0, len(described.GetPendingActivities()))
	for _, pending := range described.GetPendingActivities() {
		said = append(said, s.add(pending))
	}
	queryCtx, cancel := context.WithTimeout(ctx, queryTimeout)
	defer cancel()
	answer, err := c.QueryWorkflow(queryCtx, id, "", job.QueryProgress)
	if err == nil {
		err = answer.Get(&s.Progress)
	}
	s.known = err == nil
	s.choose(said)
	return s, ctx.Err()
}

// add takes what an activity tells of its records, and returns what it waits for.
func (s *snapshot) add(pending *workflowpb.PendingActivityInfo) trouble {
	var said job.Heartbeat
	details := pending.GetHeartbeatDetails()
	if len(details.GetPayloads()) > 0 {
		decode(details, &said)
	}
	if pending.GetActivityType().GetName() == processChunk {
		s.inChunks += said.Done
		if pending.GetState() == enumspb.PENDING_ACTIVITY_STATE_STARTED {
			started, at := pending.GetLastStartedTime().AsTime(), pending.GetLastHeartbeatTime().AsTime()
			if at.Before(started) { // another attempt's
				at = started
			}
			s.chunks = append(s.chunks, runningChunk{count{at, said.Done}, started, pending.GetAttempt() > 1})
		}
	}
	return troubleOf(pending, said)
}

// decode leaves the value zero if it does not understand the details.
func decode(details *commonpb.Payloads, into any) {
	_ = converter.GetDefaultDataConverter().FromPayloads(details, into)
}

func noSuchJob(id string, err error) error {
	return fmt.Errorf("job %s: %w", id, err)
}

// outcome waits for the end of the job, over all its runs.
func outcome(ctx context.Context, c client.Client, id string) (job.Summary, error) {
	var summary job.Summary
	err := c.GetWorkflow(ctx, id, "").Get(ctx, &summary)
	if err == nil || ctx.Err() != nil {
		return summary, err
	}
	end, lookErr := endOf(ctx, c, id)
	if lookErr != nil || end.failure == nil {
		return summary, err
	}
	return summary, end.failure
}

// follow shows how the job goes until it ends.
func follow(ctx context.Context, c client.Client, id string, show display) (job.Summary, error) {
	ended := make(chan struct{})
	looking, stop := context.WithCancel(ctx)
	go func() {
		defer close(ended)
		for looking.Err() == nil {
			if s, err := look(looking, c, id); err == nil {
				show.update(s)
			}
			select {
			case <-time.After(lookInterval):
			case <-looking.Done():
			}
		}
	}()
	summary, err := outcome(ctx, c, id)
	stop()
	<-ended
	show.end(summary, err == nil)
	return summary, err
}
