package main

import (
	"context"
	"errors"
	"fmt"
	"time"

	commonpb "go.temporal.io/api/common/v1"
	enumspb "go.temporal.io/api/enums/v1"
	failurepb "go.temporal.io/api/failure/v1"
	workflowpb "go.temporal.io/api/workflow/v1"
	"go.temporal.io/sdk/client"
	"go.temporal.io/sdk/converter"
	"go.temporal.io/sdk/temporal"

	"longhaul/job"
)

const (
	lookInterval = 500 * time.Millisecond
	queryTimeout = 3 * time.Second
)

// snapshot is how a job stands.
type snapshot struct {
	job.Progress
	at     time.Time
	status enumspb.WorkflowExecutionStatus
	// known is false while no worker answers the progress query.
	known bool
	// inChunks counts the records done inside running chunks, by heartbeats.
	inChunks int64
	// trouble is what an activity waits for, or why its last attempt failed.
	trouble string
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
	s := snapshot{at: time.Now()}
	described, err := c.DescribeWorkflowExecution(ctx, id, "")
	if err != nil {
		return s, noSuchJob(id, err)
	}
	s.status = described.GetWorkflowExecutionInfo().GetStatus()
	for _, pending := range described.GetPendingActivities() {
		s.add(pending)
	}
	queryCtx, cancel := context.WithTimeout(ctx, queryTimeout)
	defer cancel()
	answer, err := c.QueryWorkflow(queryCtx, id, "", job.QueryProgress)
	if err == nil {
		err = answer.Get(&s.Progress)
	}
	s.known = err == nil
	return s, ctx.Err()
}

func (s *snapshot) add(pending *workflowpb.PendingActivityInfo) {
	var beat job.Heartbeat
	if details := pending.GetHeartbeatDetails(); len(details.GetPayloads()) > 0 {
		decode(details, &beat)
	}
	if pending.GetActivityType().GetName() == "ProcessChunk" {
		s.inChunks += beat.Done
	}
	if beat.Waiting != "" {
		s.trouble = beat.Waiting
	} else if failure := pending.GetLastFailure(); failure != nil && s.trouble == "" && !isHandover(failure) {
		s.trouble = fmt.Sprintf("%s, attempt %d: %s", pending.GetActivityType().GetName(), pending.GetAttempt(), failure.GetMessage())
	}
}

// isHandover says that an attempt ended because its worker was stopped: the next
// worker goes on, and nothing is wrong.
func isHandover(failure *failurepb.Failure) bool {
	return failure.GetApplicationFailureInfo().GetType() == "WorkerStops"
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
	var application *temporal.ApplicationError
	var terminated *temporal.TerminatedError
	switch {
	case err == nil || ctx.Err() != nil:
		return summary, err
	case errors.As(err, &application):
		// Its message was written for the user.
		return summary, errors.New(application.Message())
	case temporal.IsCanceledError(err):
		return summary, fmt.Errorf("job %s was canceled; start it again with the same output to go on", id)
	case errors.As(err, &terminated):
		return summary, fmt.Errorf("job %s was terminated; start it again with the same output to go on", id)
	}
	return summary, err
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
