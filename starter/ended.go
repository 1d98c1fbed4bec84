package main

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"strings"
	"time"

	enumspb "go.temporal.io/api/enums/v1"
	historypb "go.temporal.io/api/history/v1"
	workflowpb "go.temporal.io/api/workflow/v1"
	"go.temporal.io/sdk/client"

	"longhaul/job"
)

// runQueuePrefix begins the task queues of longhaul run.
const runQueuePrefix = "longhaul-run-"

// ending is how a job ended.
type ending struct {
	// how is a word such as completed, by and reason are empty if nothing tells.
	how, by, reason string
	at              time.Time
	// took is over all runs of the workflow.
	took time.Duration
	// summary is set if the job completed, failure if not.
	summary *job.Summary
	failure error
}

// endOf asks the server, which knows it without a worker.
func endOf(ctx context.Context, c client.Client, id string) (end ending, err error) {
	described, err := c.DescribeWorkflowExecution(ctx, id, "")
	if err != nil {
		return end, noSuchJob(id, err)
	}
	info := described.GetWorkflowExecutionInfo()
	run := info.GetExecution().GetRunId()
	event, err := c.GetWorkflowHistory(ctx, id, run, false, enumspb.HISTORY_EVENT_FILTER_TYPE_CLOSE_EVENT).Next()
	if err != nil {
		return end, noSuchJob(id, err)
	}
	end.at = info.GetCloseTime().AsTime()
	end.took = end.at.Sub(started(ctx, c, id, info))
	end.read(event)
	if info.GetStatus() == enumspb.WORKFLOW_EXECUTION_STATUS_CANCELED {
		end.by, end.reason = whoCanceled(ctx, c, id, run)
	}
	end.failure = end.asError(id)
	return end, nil
}

// started is when the first of the workflow's runs began, or this one if the
// server has forgotten that.
func started(ctx context.Context, c client.Client, id string, info *workflowpb.WorkflowExecutionInfo) time.Time {
	if first := info.GetFirstRunId(); first != "" && first != info.GetExecution().GetRunId() {
		if described, err := c.DescribeWorkflowExecution(ctx, id, first); err == nil {
			return described.GetWorkflowExecutionInfo().GetStartTime().AsTime()
		}
	}
	return info.GetStartTime().AsTime()
}

// read takes what the last event of a history says.
func (e *ending) read(event *historypb.HistoryEvent) {
	switch event.GetEventType() {
	case enumspb.EVENT_TYPE_WORKFLOW_EXECUTION_COMPLETED:
		e.how, e.summary = "completed", &job.Summary{}
		decode(event.GetWorkflowExecutionCompletedEventAttributes().GetResult(), e.summary)
	case enumspb.EVENT_TYPE_WORKFLOW_EXECUTION_FAILED:
		// Its message was written for the user.
		e.how, e.reason = "failed", event.GetWorkflowExecutionFailedEventAttributes().GetFailure().GetMessage()
	case enumspb.EVENT_TYPE_WORKFLOW_EXECUTION_CANCELED:
		e.how = "canceled"
	case enumspb.EVENT_TYPE_WORKFLOW_EXECUTION_TERMINATED:
		attributes := event.GetWorkflowExecutionTerminatedEventAttributes()
		e.how, e.by, e.reason = "terminated", attributes.GetIdentity(), attributes.GetReason()
	case enumspb.EVENT_TYPE_WORKFLOW_EXECUTION_TIMED_OUT:
		e.how, e.reason = "timed out", "it was started with a time limit for the workflow"
	default:
		e.how = strings.ToLower(event.GetEventType().String())
	}
}

// whoCanceled reads the history of a run; the server has no other way to tell.
func whoCanceled(ctx context.Context, c client.Client, id, run string) (by, reason string) {
	events := c.GetWorkflowHistory(ctx, id, run, false, enumspb.HISTORY_EVENT_FILTER_TYPE_ALL_EVENT)
	for events.HasNext() {
		event, err := events.Next()
		if err != nil {
			break
		}
		if request := event.GetWorkflowExecutionCancelRequestedEventAttributes(); request != nil {
			return request.GetIdentity(), request.GetCause()
		}
	}
	return "", ""
}

// asError is nil for a job that completed.
func (e *ending) asError(id string) error {
	switch e.how {
	case "completed":
		return nil
	case "failed":
		return errors.New(e.reason)
	}
	text := fmt.Sprintf("job %s %s; start it again with the same output to go on", id, e.verb())
	if why := e.why(); why != "" {
		text += " (" + why + ")"
	}
	return errors.New(text)
}

func (e *ending) verb() string {
	if e.how == "timed out" {
		return e.how
	}
	return "was " + e.how
}

// why is such as: by operator@host, "the machine moves".
func (e *ending) why() string {
	var parts []string
	if e.by != "" {
		parts = append(parts, "by "+e.by)
	}
	if e.reason != "" {
		parts = append(parts, e.reason)
	}
	return strings.Join(parts, ": ")
}

// next is the command to give after the end.
func (e *ending) next(id, queue, output string) string {
	byRun := strings.HasPrefix(queue, runQueuePrefix)
	switch {
	case e.summary != nil && e.summary.Failed == 0:
		return "longhaul verify " + cmp.Or(output, "OUT")
	case e.summary != nil && byRun:
		return "longhaul redrive " + cmp.Or(output, "OUT")
	case e.summary != nil:
		return "longhaul redrive " + id
	case byRun:
		return "longhaul run SPEC"
	}
	command := "longhaul start SPEC --id " + id
	if queue != job.TaskQueue {
		command += " --task-queue " + queue
	}
	return command
}
