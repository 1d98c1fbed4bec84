package server

import (
	"context"
	"fmt"
	"strings"
	"time"

	enumspb "go.temporal.io/api/enums/v1"
	historypb "go.temporal.io/api/history/v1"
	"go.temporal.io/api/serviceerror"
	taskqueuepb "go.temporal.io/api/taskqueue/v1"
	"go.temporal.io/api/workflowservice/v1"
	"google.golang.org/protobuf/types/known/durationpb"
)

// workflowTaskTimeout is how long a worker has for a workflow task.
const workflowTaskTimeout = 10 * time.Second

// workflowTask is the one of a run that is scheduled or at work; zero if there is none.
type workflowTask struct {
	scheduledID, startedID int64
	attempt                int32
	token                  string
	clock                  *time.Timer
}

func (t workflowTask) stop() {
	if t.clock != nil {
		t.clock.Stop()
	}
}

// scheduleWorkflowTask has a worker told what has happened, unless that is under way.
func (r *run) scheduleWorkflowTask() {
	if r.task.scheduledID == 0 {
		r.queueWorkflowTask(1)
	}
}

func (r *run) queueWorkflowTask(attempt int32) {
	event := r.add(enumspb.EVENT_TYPE_WORKFLOW_TASK_SCHEDULED, func(e *historypb.HistoryEvent) {
		e.Attributes = &historypb.HistoryEvent_WorkflowTaskScheduledEventAttributes{WorkflowTaskScheduledEventAttributes: &historypb.WorkflowTaskScheduledEventAttributes{
			TaskQueue: r.started.TaskQueue, StartToCloseTimeout: durationpb.New(workflowTaskTimeout), Attempt: attempt,
		}}
	})
	r.task = workflowTask{scheduledID: event.EventId, attempt: attempt, token: r.server.newID()}
	token := r.task.token
	r.server.workflowTasks.add(func() (any, bool) {
		if r.task.token != token || r.task.startedID != 0 {
			return nil, false
		}
		return r.startWorkflowTask(), true
	})
}

func (r *run) startWorkflowTask() *workflowservice.PollWorkflowTaskQueueResponse {
	suggests := r.server.options.ContinueAfter > 0 && len(r.events) > r.server.options.ContinueAfter
	event := r.add(enumspb.EVENT_TYPE_WORKFLOW_TASK_STARTED, func(e *historypb.HistoryEvent) {
		e.Attributes = &historypb.HistoryEvent_WorkflowTaskStartedEventAttributes{WorkflowTaskStartedEventAttributes: &historypb.WorkflowTaskStartedEventAttributes{
			ScheduledEventId: r.task.scheduledID, HistorySizeBytes: int64(len(r.events)), SuggestContinueAsNew: suggests,
		}}
	})
	r.task.startedID = event.EventId
	token := r.task.token
	r.task.clock = time.AfterFunc(workflowTaskTimeout, func() {
		r.server.mu.Lock()
		defer r.server.mu.Unlock()
		if r.task.token == token {
			r.workflowTaskTimedOut()
		}
	})
	previous := int64(0)
	for _, e := range r.events {
		if done := e.GetWorkflowTaskCompletedEventAttributes(); done != nil {
			previous = done.StartedEventId
		}
	}
	return &workflowservice.PollWorkflowTaskQueueResponse{
		TaskToken: []byte(r.id.RunId + " " + token), WorkflowExecution: r.id, WorkflowType: r.started.WorkflowType,
		PreviousStartedEventId: previous, StartedEventId: event.EventId, Attempt: r.task.attempt,
		History:       &historypb.History{Events: append([]*historypb.HistoryEvent{}, r.events...)},
		ScheduledTime: r.events[r.task.scheduledID-1].EventTime, StartedTime: event.EventTime,
		WorkflowExecutionTaskQueue: &taskqueuepb.TaskQueue{Name: r.started.TaskQueue.Name},
	}
}

func (s *Server) pollWorkflowTask(ctx context.Context) (*workflowservice.PollWorkflowTaskQueueResponse, error) {
	answer, ok, err := s.poll(ctx, &s.workflowTasks)
	if !ok {
		return &workflowservice.PollWorkflowTaskQueueResponse{}, err
	}
	return answer.(*workflowservice.PollWorkflowTaskQueueResponse), nil
}

func (r *run) workflowTaskTimedOut() {
	task := r.task
	r.server.options.Trace("run %s: a workflow task has timed out", short(r.id.RunId))
	r.add(enumspb.EVENT_TYPE_WORKFLOW_TASK_TIMED_OUT, func(e *historypb.HistoryEvent) {
		e.Attributes = &historypb.HistoryEvent_WorkflowTaskTimedOutEventAttributes{WorkflowTaskTimedOutEventAttributes: &historypb.WorkflowTaskTimedOutEventAttributes{
			ScheduledEventId: task.scheduledID, StartedEventId: task.startedID, TimeoutType: enumspb.TIMEOUT_TYPE_START_TO_CLOSE,
		}}
	})
	r.retryWorkflowTask()
}

// retryWorkflowTask gives the workflow to another worker, with what has happened
// meanwhile.
func (r *run) retryWorkflowTask() {
	attempt := r.task.attempt + 1
	r.task = workflowTask{}
	r.record()
	r.queueWorkflowTask(attempt)
}

// taskOf is the run whose workflow task has the token.
func (s *Server) taskOf(token []byte) (*run, error) {
	id, rest, _ := strings.Cut(string(token), " ")
	r := s.runs[id]
	if r == nil || r.task.token != rest || r.task.startedID == 0 {
		return nil, serviceerror.NewNotFound("Workflow task not found.")
	}
	return r, nil
}

func (s *Server) workflowTaskFailed(request *workflowservice.RespondWorkflowTaskFailedRequest) (*workflowservice.RespondWorkflowTaskFailedResponse, error) {
	r, err := s.taskOf(request.TaskToken)
	if err != nil {
		return nil, err
	}
	s.failures = append(s.failures, fmt.Sprintf("%s: %s", request.Cause, request.Failure.GetMessage()))
	r.task.stop()
	task := r.task
	r.add(enumspb.EVENT_TYPE_WORKFLOW_TASK_FAILED, func(e *historypb.HistoryEvent) {
		e.Attributes = &historypb.HistoryEvent_WorkflowTaskFailedEventAttributes{WorkflowTaskFailedEventAttributes: &historypb.WorkflowTaskFailedEventAttributes{
			ScheduledEventId: task.scheduledID, StartedEventId: task.startedID, Cause: request.Cause, Failure: request.Failure,
		}}
	})
	r.retryWorkflowTask()
	return &workflowservice.RespondWorkflowTaskFailedResponse{}, nil
}

func (s *Server) workflowTaskCompleted(request *workflowservice.RespondWorkflowTaskCompletedRequest) (*workflowservice.RespondWorkflowTaskCompletedResponse, error) {
	r, err := s.taskOf(request.TaskToken)
	if err != nil {
		return nil, err
	}
	if len(r.buffered) > 0 && closes(request.Commands) {
		// The workflow has not seen everything: it is told before it may end.
		return nil, r.refuseUnhandled()
	}
	r.task.stop()
	task := r.task
	r.task = workflowTask{}
	completed := r.add(enumspb.EVENT_TYPE_WORKFLOW_TASK_COMPLETED, func(e *historypb.HistoryEvent) {
		e.Attributes = &historypb.HistoryEvent_WorkflowTaskCompletedEventAttributes{WorkflowTaskCompletedEventAttributes: &historypb.WorkflowTaskCompletedEventAttributes{
			ScheduledEventId: task.scheduledID, StartedEventId: task.startedID, SdkMetadata: request.SdkMetadata, MeteringMetadata: request.MeteringMetadata,
		}}
	})
	r.applying = true
	defer func() { r.applying = false }()
	for _, command := range request.Commands {
		if err := r.apply(command, completed.EventId); err != nil {
			return nil, err
		}
	}
	r.applying = false
	if r.isRunning() {
		if request.ForceCreateNewWorkflowTask {
			r.scheduleWorkflowTask()
		}
		r.flush()
	}
	return &workflowservice.RespondWorkflowTaskCompletedResponse{}, nil
}

func (r *run) refuseUnhandled() error {
	r.task.stop()
	task := r.task
	r.add(enumspb.EVENT_TYPE_WORKFLOW_TASK_FAILED, func(e *historypb.HistoryEvent) {
		e.Attributes = &historypb.HistoryEvent_WorkflowTaskFailedEventAttributes{WorkflowTaskFailedEventAttributes: &historypb.WorkflowTaskFailedEventAttributes{
			ScheduledEventId: task.scheduledID, StartedEventId: task.startedID, Cause: enumspb.WORKFLOW_TASK_FAILED_CAUSE_UNHANDLED_COMMAND,
		}}
	})
	r.retryWorkflowTask()
	return serviceerror.NewInvalidArgument("UnhandledCommand")
}
