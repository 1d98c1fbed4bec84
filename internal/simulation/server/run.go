package server

import (
	"time"

	commonpb "go.temporal.io/api/common/v1"
	enumspb "go.temporal.io/api/enums/v1"
	historypb "go.temporal.io/api/history/v1"
	"google.golang.org/protobuf/types/known/timestamppb"
)

// run is one run of a workflow.
type run struct {
	server *Server
	id     *commonpb.WorkflowExecution
	// first is the first run of its chain, original the one that it was reset from, or
	// itself.
	first, original string
	started         *historypb.WorkflowExecutionStartedEventAttributes
	events          []*historypb.HistoryEvent
	// buffered are events that wait for the end of the workflow task at work.
	buffered []*historypb.HistoryEvent
	// applying: the commands of a workflow task are being applied; their events come first.
	applying   bool
	status     enumspb.WorkflowExecutionStatus
	task       workflowTask
	activities map[int64]*activity
	timers     map[string]*timer
	requests   int // to cancel
}

type timer struct {
	startedID int64
	clock     *time.Timer
}

func (r *run) isRunning() bool { return r.status == enumspb.WORKFLOW_EXECUTION_STATUS_RUNNING }

// add adds an event, whose attributes set sets.
func (r *run) add(kind enumspb.EventType, set func(*historypb.HistoryEvent)) *historypb.HistoryEvent {
	event := newEvent(kind, set)
	r.append(event)
	return event
}

func newEvent(kind enumspb.EventType, set func(*historypb.HistoryEvent)) *historypb.HistoryEvent {
	event := &historypb.HistoryEvent{EventType: kind, EventTime: timestamppb.Now()}
	set(event)
	return event
}

func (r *run) append(event *historypb.HistoryEvent) {
	event.EventId = int64(len(r.events)) + 1
	event.TaskId = event.EventId
	r.events = append(r.events, event)
}

// happened adds events that the workflow has to be told of. While a worker is at work at
// a task of the workflow they wait for its end.
func (r *run) happened(events ...*historypb.HistoryEvent) {
	if !r.isRunning() {
		return
	}
	r.buffered = append(r.buffered, events...)
	if r.task.startedID == 0 && !r.applying {
		r.flush()
	}
}

// flush puts what was buffered into the history, and has a worker told.
func (r *run) flush() {
	if len(r.buffered) == 0 || !r.isRunning() {
		return
	}
	r.record()
	r.scheduleWorkflowTask()
}

// record puts what was buffered into the history.
func (r *run) record() {
	for _, event := range r.buffered {
		r.append(event)
		r.fixStarted(event)
	}
	r.buffered = nil
}

// fixStarted points the end of an activity at its start, which came right before it.
func (r *run) fixStarted(event *historypb.HistoryEvent) {
	started := event.EventId - 1
	switch event.EventType {
	case enumspb.EVENT_TYPE_ACTIVITY_TASK_COMPLETED:
		event.GetActivityTaskCompletedEventAttributes().StartedEventId = started
	case enumspb.EVENT_TYPE_ACTIVITY_TASK_FAILED:
		event.GetActivityTaskFailedEventAttributes().StartedEventId = started
	case enumspb.EVENT_TYPE_ACTIVITY_TASK_TIMED_OUT:
		if r.events[started-1].EventType == enumspb.EVENT_TYPE_ACTIVITY_TASK_STARTED {
			event.GetActivityTaskTimedOutEventAttributes().StartedEventId = started
		}
	case enumspb.EVENT_TYPE_ACTIVITY_TASK_CANCELED:
		if r.events[started-1].EventType == enumspb.EVENT_TYPE_ACTIVITY_TASK_STARTED {
			event.GetActivityTaskCanceledEventAttributes().StartedEventId = started
		}
	}
}

// close ends the run: its activities are not tried again, its timers do not fire.
func (r *run) close(status enumspb.WorkflowExecutionStatus) {
	r.status = status
	r.server.options.Trace("run %s of %s: %s", short(r.id.RunId), r.id.WorkflowId, status)
	r.server.options.Ended(r.id.WorkflowId, status)
	r.task.stop()
	r.task = workflowTask{}
	for _, a := range r.activities {
		a.stop()
	}
	r.activities = nil
	for _, t := range r.timers {
		t.clock.Stop()
	}
	r.timers = nil
}

func short(id string) string { return id[:8] }
