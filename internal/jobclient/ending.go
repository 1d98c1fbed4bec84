package jobclient

import (
	"context"
	"errors"
	"fmt"
	"path/filepath"
	"strings"
	"time"

	enumspb "go.temporal.io/api/enums/v1"
	historypb "go.temporal.io/api/history/v1"
	workflowpb "go.temporal.io/api/workflow/v1"
	"go.temporal.io/sdk/client"

	"longhaul/internal/connect"
	"longhaul/internal/runfile"
	"longhaul/job"
)

// Ending is how a job ended.
type Ending struct {
	// How is a word such as completed, By and Reason are empty if nothing tells.
	How, By, Reason string
	At              time.Time
	// Took is over all runs of the workflow.
	Took time.Duration
	// Summary is set if the job completed, Failure if not.
	Summary *job.Summary
	Failure error
}

// EndOf asks the server, which knows it without a worker.
func EndOf(ctx context.Context, c client.Client, id string) (end Ending, err error) {
	described, err := c.DescribeWorkflowExecution(ctx, id, "")
	if err != nil {
		return end, jobError(id, err)
	}
	info := described.GetWorkflowExecutionInfo()
	run := info.GetExecution().GetRunId()
	event, err := c.GetWorkflowHistory(ctx, id, run, false, enumspb.HISTORY_EVENT_FILTER_TYPE_CLOSE_EVENT).Next()
	if err != nil {
		return end, jobError(id, err)
	}
	end.At = info.GetCloseTime().AsTime()
	end.Took = end.At.Sub(started(ctx, c, id, info))
	end.read(event)
	if info.GetStatus() == enumspb.WORKFLOW_EXECUTION_STATUS_CANCELED {
		end.By, end.Reason = cancelRequest(ctx, c, id, run)
	}
	end.Failure = end.asError(id)
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
func (e *Ending) read(event *historypb.HistoryEvent) {
	switch event.GetEventType() {
	case enumspb.EVENT_TYPE_WORKFLOW_EXECUTION_COMPLETED:
		e.How, e.Summary = "completed", &job.Summary{}
		decode(event.GetWorkflowExecutionCompletedEventAttributes().GetResult(), e.Summary)
	case enumspb.EVENT_TYPE_WORKFLOW_EXECUTION_FAILED:
		// Its message was written for the user.
		e.How, e.Reason = "failed", event.GetWorkflowExecutionFailedEventAttributes().GetFailure().GetMessage()
	case enumspb.EVENT_TYPE_WORKFLOW_EXECUTION_CANCELED:
		e.How = "canceled"
	case enumspb.EVENT_TYPE_WORKFLOW_EXECUTION_TERMINATED:
		attributes := event.GetWorkflowExecutionTerminatedEventAttributes()
		e.How, e.By, e.Reason = "terminated", attributes.GetIdentity(), attributes.GetReason()
	case enumspb.EVENT_TYPE_WORKFLOW_EXECUTION_TIMED_OUT:
		e.How, e.Reason = "timed out", "it was started with a time limit for the workflow"
	default:
		e.How = strings.ToLower(event.GetEventType().String())
	}
}

// cancelRequest says who canceled a run, and why. It reads the history of a run; the server has no other way to tell.
func cancelRequest(ctx context.Context, c client.Client, id, run string) (by, reason string) {
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
func (e *Ending) asError(id string) error {
	switch e.How {
	case "completed":
		return nil
	case "failed":
		return errors.New(e.Reason)
	}
	text := fmt.Sprintf("job %s %s; start it again with the same output to go on", id, e.verb())
	if why := e.Why(); why != "" {
		text += " (" + why + ")"
	}
	return errors.New(text)
}

func (e *Ending) verb() string {
	if e.How == "timed out" {
		return e.How
	}
	return "was " + e.How
}

// Why is such as: by operator@host, "the machine moves".
func (e *Ending) Why() string {
	var parts []string
	if e.By != "" {
		parts = append(parts, "by "+e.By)
	}
	if e.Reason != "" {
		parts = append(parts, e.Reason)
	}
	return strings.Join(parts, ": ")
}

// NextCommand is the command to give after the end. The flags are those of the command that is
// given now: the next one needs the same server.
func (e *Ending) NextCommand(id, queue, output string, flags connect.Flags) string {
	switch {
	case e.Summary != nil && e.Summary.Failed == 0 && output != "" && !filepath.IsAbs(output):
		return "longhaul verify " + folderText(output) + " --root ROOT" // that of the worker
	case e.Summary != nil && e.Summary.Failed == 0:
		return "longhaul verify " + folderText(output)
	case e.Summary != nil:
		return RedriveCommand(id, queue, output, flags)
	case runfile.IsTaskQueue(queue):
		return "longhaul run SPEC"
	}
	command := "longhaul start SPEC --id " + job.ShellQuote(id)
	if queue != job.TaskQueue {
		command += " --task-queue " + job.ShellQuote(queue)
	}
	return command + FlagText(flags)
}
