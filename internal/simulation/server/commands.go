package server

import (
	"fmt"
	"slices"
	"time"

	commandpb "go.temporal.io/api/command/v1"
	commonpb "go.temporal.io/api/common/v1"
	enumspb "go.temporal.io/api/enums/v1"
	historypb "go.temporal.io/api/history/v1"
	"go.temporal.io/api/serviceerror"
	"google.golang.org/protobuf/proto"
)

// closes says whether the commands end the run.
func closes(commands []*commandpb.Command) bool {
	return slices.ContainsFunc(commands, func(c *commandpb.Command) bool {
		switch c.CommandType {
		case enumspb.COMMAND_TYPE_COMPLETE_WORKFLOW_EXECUTION, enumspb.COMMAND_TYPE_FAIL_WORKFLOW_EXECUTION,
			enumspb.COMMAND_TYPE_CANCEL_WORKFLOW_EXECUTION, enumspb.COMMAND_TYPE_CONTINUE_AS_NEW_WORKFLOW_EXECUTION:
			return true
		default:
			return false
		}
	})
}

// apply does what a workflow has decided in the task that has this completed event.
func (r *run) apply(command *commandpb.Command, completed int64) error {
	switch command.CommandType {
	case enumspb.COMMAND_TYPE_SCHEDULE_ACTIVITY_TASK:
		r.scheduleActivity(command, completed)
	case enumspb.COMMAND_TYPE_REQUEST_CANCEL_ACTIVITY_TASK:
		r.requestCancelActivity(command.GetRequestCancelActivityTaskCommandAttributes().ScheduledEventId, completed)
	case enumspb.COMMAND_TYPE_START_TIMER:
		r.startTimer(command, completed)
	case enumspb.COMMAND_TYPE_CANCEL_TIMER:
		r.cancelTimer(command.GetCancelTimerCommandAttributes().TimerId, completed)
	case enumspb.COMMAND_TYPE_RECORD_MARKER:
		a := command.GetRecordMarkerCommandAttributes()
		r.add(enumspb.EVENT_TYPE_MARKER_RECORDED, func(e *historypb.HistoryEvent) {
			e.UserMetadata = command.UserMetadata
			e.Attributes = &historypb.HistoryEvent_MarkerRecordedEventAttributes{MarkerRecordedEventAttributes: &historypb.MarkerRecordedEventAttributes{
				MarkerName: a.MarkerName, Details: a.Details, WorkflowTaskCompletedEventId: completed, Header: a.Header, Failure: a.Failure,
			}}
		})
	case enumspb.COMMAND_TYPE_UPSERT_WORKFLOW_SEARCH_ATTRIBUTES:
		a := command.GetUpsertWorkflowSearchAttributesCommandAttributes()
		r.add(enumspb.EVENT_TYPE_UPSERT_WORKFLOW_SEARCH_ATTRIBUTES, func(e *historypb.HistoryEvent) {
			e.Attributes = &historypb.HistoryEvent_UpsertWorkflowSearchAttributesEventAttributes{UpsertWorkflowSearchAttributesEventAttributes: &historypb.UpsertWorkflowSearchAttributesEventAttributes{
				WorkflowTaskCompletedEventId: completed, SearchAttributes: a.SearchAttributes,
			}}
		})
	default:
		return r.end(command, completed)
	}
	return nil
}

// end ends the run as the workflow says.
func (r *run) end(command *commandpb.Command, completed int64) error {
	switch command.CommandType {
	case enumspb.COMMAND_TYPE_COMPLETE_WORKFLOW_EXECUTION:
		r.add(enumspb.EVENT_TYPE_WORKFLOW_EXECUTION_COMPLETED, func(e *historypb.HistoryEvent) {
			e.Attributes = &historypb.HistoryEvent_WorkflowExecutionCompletedEventAttributes{WorkflowExecutionCompletedEventAttributes: &historypb.WorkflowExecutionCompletedEventAttributes{
				Result: command.GetCompleteWorkflowExecutionCommandAttributes().Result, WorkflowTaskCompletedEventId: completed,
			}}
		})
		r.close(enumspb.WORKFLOW_EXECUTION_STATUS_COMPLETED)
	case enumspb.COMMAND_TYPE_FAIL_WORKFLOW_EXECUTION:
		r.add(enumspb.EVENT_TYPE_WORKFLOW_EXECUTION_FAILED, func(e *historypb.HistoryEvent) {
			e.Attributes = &historypb.HistoryEvent_WorkflowExecutionFailedEventAttributes{WorkflowExecutionFailedEventAttributes: &historypb.WorkflowExecutionFailedEventAttributes{
				Failure: command.GetFailWorkflowExecutionCommandAttributes().Failure, WorkflowTaskCompletedEventId: completed,
			}}
		})
		r.close(enumspb.WORKFLOW_EXECUTION_STATUS_FAILED)
	case enumspb.COMMAND_TYPE_CANCEL_WORKFLOW_EXECUTION:
		r.add(enumspb.EVENT_TYPE_WORKFLOW_EXECUTION_CANCELED, func(e *historypb.HistoryEvent) {
			e.Attributes = &historypb.HistoryEvent_WorkflowExecutionCanceledEventAttributes{WorkflowExecutionCanceledEventAttributes: &historypb.WorkflowExecutionCanceledEventAttributes{
				WorkflowTaskCompletedEventId: completed,
			}}
		})
		r.close(enumspb.WORKFLOW_EXECUTION_STATUS_CANCELED)
	case enumspb.COMMAND_TYPE_CONTINUE_AS_NEW_WORKFLOW_EXECUTION:
		r.continueAsNew(command.GetContinueAsNewWorkflowExecutionCommandAttributes(), completed)
	default:
		return serviceerror.NewUnimplemented(fmt.Sprintf("the simulated server has no %s", command.CommandType))
	}
	return nil
}

func (r *run) continueAsNew(a *commandpb.ContinueAsNewWorkflowExecutionCommandAttributes, completed int64) {
	next := r.server.newRun(&commonpb.WorkflowExecution{WorkflowId: r.id.WorkflowId, RunId: r.server.newID()}, r.first)
	r.add(enumspb.EVENT_TYPE_WORKFLOW_EXECUTION_CONTINUED_AS_NEW, func(e *historypb.HistoryEvent) {
		e.Attributes = &historypb.HistoryEvent_WorkflowExecutionContinuedAsNewEventAttributes{WorkflowExecutionContinuedAsNewEventAttributes: &historypb.WorkflowExecutionContinuedAsNewEventAttributes{
			NewExecutionRunId: next.id.RunId, WorkflowType: a.WorkflowType, TaskQueue: a.TaskQueue, Input: a.Input, WorkflowTaskCompletedEventId: completed,
		}}
	})
	started := proto.CloneOf(r.started)
	started.Input, started.ContinuedExecutionRunId = a.Input, r.id.RunId
	started.OriginalExecutionRunId, started.FirstExecutionRunId = next.id.RunId, r.first
	r.close(enumspb.WORKFLOW_EXECUTION_STATUS_CONTINUED_AS_NEW)
	next.begin(started)
}

func (r *run) startTimer(command *commandpb.Command, completed int64) {
	a := command.GetStartTimerCommandAttributes()
	event := r.add(enumspb.EVENT_TYPE_TIMER_STARTED, func(e *historypb.HistoryEvent) {
		e.UserMetadata = command.UserMetadata
		e.Attributes = &historypb.HistoryEvent_TimerStartedEventAttributes{TimerStartedEventAttributes: &historypb.TimerStartedEventAttributes{
			TimerId: a.TimerId, StartToFireTimeout: a.StartToFireTimeout, WorkflowTaskCompletedEventId: completed,
		}}
	})
	r.armTimer(a.TimerId, event.EventId, a.StartToFireTimeout.AsDuration())
}

func (r *run) armTimer(id string, startedID int64, after time.Duration) {
	t := &timer{startedID: startedID}
	t.clock = time.AfterFunc(after, func() {
		r.server.mu.Lock()
		defer r.server.mu.Unlock()
		if r.timers[id] != t {
			return
		}
		delete(r.timers, id)
		r.happened(newEvent(enumspb.EVENT_TYPE_TIMER_FIRED, func(e *historypb.HistoryEvent) {
			e.Attributes = &historypb.HistoryEvent_TimerFiredEventAttributes{TimerFiredEventAttributes: &historypb.TimerFiredEventAttributes{
				TimerId: id, StartedEventId: startedID,
			}}
		}))
	})
	r.timers[id] = t
}

// cancelTimer also takes back a firing that the workflow has not been told of.
func (r *run) cancelTimer(id string, completed int64) {
	started := int64(0)
	if t := r.timers[id]; t != nil {
		t.clock.Stop()
		delete(r.timers, id)
		started = t.startedID
	}
	r.buffered = slices.DeleteFunc(r.buffered, func(e *historypb.HistoryEvent) bool {
		fired := e.GetTimerFiredEventAttributes()
		if fired.GetTimerId() != id {
			return false
		}
		started = fired.StartedEventId
		return true
	})
	r.add(enumspb.EVENT_TYPE_TIMER_CANCELED, func(e *historypb.HistoryEvent) {
		e.Attributes = &historypb.HistoryEvent_TimerCanceledEventAttributes{TimerCanceledEventAttributes: &historypb.TimerCanceledEventAttributes{
			TimerId: id, StartedEventId: started, WorkflowTaskCompletedEventId: completed,
		}}
	})
}
