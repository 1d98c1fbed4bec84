package server

import (
	"slices"

	commonpb "go.temporal.io/api/common/v1"
	enumspb "go.temporal.io/api/enums/v1"
	historypb "go.temporal.io/api/history/v1"
	"go.temporal.io/api/serviceerror"
	"go.temporal.io/api/workflowservice/v1"
	"google.golang.org/protobuf/proto"
)

// reset begins a new run with the history of an old one up to a workflow task, which is
// done again. Signals after it are sent again, activities and timers that had not ended
// begin anew.
func (s *Server) reset(request *workflowservice.ResetWorkflowExecutionRequest) (*workflowservice.ResetWorkflowExecutionResponse, error) {
	old, err := s.find(request.WorkflowExecution)
	if err != nil {
		return nil, err
	}
	at := request.WorkflowTaskFinishEventId
	if at < 3 || at > int64(len(old.events)) || old.events[at-1].EventType != enumspb.EVENT_TYPE_WORKFLOW_TASK_COMPLETED {
		return nil, serviceerror.NewInvalidArgument("no workflow task has ended there")
	}
	if last := s.last(old.id.WorkflowId); last.isRunning() {
		last.terminate("reset")
	}
	next := s.newRun(&commonpb.WorkflowExecution{WorkflowId: old.id.WorkflowId, RunId: s.newID()}, old.first)
	next.started, next.original = old.started, old.original
	for _, event := range old.events[:at-1] {
		next.events = append(next.events, proto.CloneOf(event))
	}
	started := next.events[at-2]
	next.add(enumspb.EVENT_TYPE_WORKFLOW_TASK_FAILED, func(e *historypb.HistoryEvent) {
		e.Attributes = &historypb.HistoryEvent_WorkflowTaskFailedEventAttributes{WorkflowTaskFailedEventAttributes: &historypb.WorkflowTaskFailedEventAttributes{
			ScheduledEventId: started.GetWorkflowTaskStartedEventAttributes().GetScheduledEventId(), StartedEventId: started.EventId,
			Cause: enumspb.WORKFLOW_TASK_FAILED_CAUSE_RESET_WORKFLOW, BaseRunId: old.id.RunId, NewRunId: next.id.RunId,
		}}
	})
	next.revive()
	for _, event := range old.events[at-1:] {
		if event.EventType == enumspb.EVENT_TYPE_WORKFLOW_EXECUTION_SIGNALED {
			next.append(proto.CloneOf(event))
		}
	}
	next.scheduleWorkflowTask()
	return &workflowservice.ResetWorkflowExecutionResponse{RunId: next.id.RunId}, nil
}

// revive begins anew what has not ended in the history.
func (r *run) revive() {
	activities, timers := map[int64]*historypb.ActivityTaskScheduledEventAttributes{}, map[int64]*historypb.TimerStartedEventAttributes{}
	var order []int64
	for _, e := range r.events {
		switch e.EventType {
		case enumspb.EVENT_TYPE_ACTIVITY_TASK_SCHEDULED:
			activities[e.EventId] = e.GetActivityTaskScheduledEventAttributes()
			order = append(order, e.EventId)
		case enumspb.EVENT_TYPE_ACTIVITY_TASK_COMPLETED:
			delete(activities, e.GetActivityTaskCompletedEventAttributes().ScheduledEventId)
		case enumspb.EVENT_TYPE_ACTIVITY_TASK_FAILED:
			delete(activities, e.GetActivityTaskFailedEventAttributes().ScheduledEventId)
		case enumspb.EVENT_TYPE_ACTIVITY_TASK_TIMED_OUT:
			delete(activities, e.GetActivityTaskTimedOutEventAttributes().ScheduledEventId)
		case enumspb.EVENT_TYPE_ACTIVITY_TASK_CANCELED:
			delete(activities, e.GetActivityTaskCanceledEventAttributes().ScheduledEventId)
		case enumspb.EVENT_TYPE_TIMER_STARTED:
			timers[e.EventId] = e.GetTimerStartedEventAttributes()
			order = append(order, e.EventId)
		case enumspb.EVENT_TYPE_TIMER_FIRED:
			delete(timers, e.GetTimerFiredEventAttributes().StartedEventId)
		case enumspb.EVENT_TYPE_TIMER_CANCELED:
			delete(timers, e.GetTimerCanceledEventAttributes().StartedEventId)
		}
	}
	slices.Sort(order)
	for _, id := range order {
		if a := activities[id]; a != nil {
			r.addActivity(id, a)
		}
		if t := timers[id]; t != nil {
			r.armTimer(t.TimerId, id, t.StartToFireTimeout.AsDuration())
		}
	}
}

// ResetPoints are the ends of workflow tasks that a run can be reset to.
func (s *Server) ResetPoints(workflowID string) []int64 {
	s.mu.Lock()
	defer s.mu.Unlock()
	var points []int64
	if r := s.last(workflowID); r != nil {
		for _, e := range r.events {
			if e.EventType == enumspb.EVENT_TYPE_WORKFLOW_TASK_COMPLETED {
				points = append(points, e.EventId)
			}
		}
	}
	return points
}
