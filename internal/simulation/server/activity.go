package server

import (
	"context"
	"fmt"
	"math"
	"slices"
	"strings"
	"time"

	commandpb "go.temporal.io/api/command/v1"
	commonpb "go.temporal.io/api/common/v1"
	enumspb "go.temporal.io/api/enums/v1"
	failurepb "go.temporal.io/api/failure/v1"
	historypb "go.temporal.io/api/history/v1"
	"go.temporal.io/api/serviceerror"
	"go.temporal.io/api/workflowservice/v1"
	"google.golang.org/protobuf/types/known/timestamppb"
)

// activity is one that has not ended.
type activity struct {
	run         *run
	scheduledID int64
	spec        *historypb.ActivityTaskScheduledEventAttributes
	scheduled   time.Time
	attempt     int32
	// token is that of the attempt; a new one each time.
	token string
	// began is when the attempt was given to a worker; zero if it was not.
	began, attemptScheduled time.Time
	// heartbeats counts those of the attempt.
	heartbeats      int
	details         *commonpb.Payloads
	lastFailure     *failurepb.Failure
	cancelRequested bool
	// clocks are those of the attempt: timeouts, or when the next one begins.
	clocks []*time.Timer
	// total is that of schedule-to-close.
	total *time.Timer
}

func (a *activity) stop() {
	a.stopAttempt()
	if a.total != nil {
		a.total.Stop()
	}
}

func (a *activity) stopAttempt() {
	for _, clock := range a.clocks {
		clock.Stop()
	}
	a.clocks = nil
	a.token = ""
}

func (r *run) scheduleActivity(command *commandpb.Command, completed int64) {
	c := command.GetScheduleActivityTaskCommandAttributes()
	spec := &historypb.ActivityTaskScheduledEventAttributes{
		ActivityId: c.ActivityId, ActivityType: c.ActivityType, TaskQueue: c.TaskQueue, Header: c.Header, Input: c.Input,
		ScheduleToCloseTimeout: c.ScheduleToCloseTimeout, ScheduleToStartTimeout: c.ScheduleToStartTimeout, StartToCloseTimeout: c.StartToCloseTimeout,
		HeartbeatTimeout: c.HeartbeatTimeout, WorkflowTaskCompletedEventId: completed, RetryPolicy: c.RetryPolicy,
	}
	event := r.add(enumspb.EVENT_TYPE_ACTIVITY_TASK_SCHEDULED, func(e *historypb.HistoryEvent) {
		e.UserMetadata = command.UserMetadata
		e.Attributes = &historypb.HistoryEvent_ActivityTaskScheduledEventAttributes{ActivityTaskScheduledEventAttributes: spec}
	})
	r.addActivity(event.EventId, spec)
}

func (r *run) addActivity(scheduledID int64, spec *historypb.ActivityTaskScheduledEventAttributes) {
	a := &activity{run: r, scheduledID: scheduledID, spec: spec, scheduled: time.Now(), attempt: 1}
	r.activities[scheduledID] = a
	if d := spec.ScheduleToCloseTimeout.AsDuration(); d > 0 {
		a.total = time.AfterFunc(d, func() {
			r.server.mu.Lock()
			defer r.server.mu.Unlock()
			if r.activities[scheduledID] == a {
				a.timedOut(enumspb.TIMEOUT_TYPE_SCHEDULE_TO_CLOSE)
			}
		})
	}
	a.queue()
}

// queue offers the attempt to the workers.
func (a *activity) queue() {
	a.stopAttempt()
	a.token = a.run.server.newID()
	a.began, a.attemptScheduled = time.Time{}, time.Now()
	token := a.token
	a.run.server.activityTasks.add(func() (any, bool) {
		if a.token != token || !a.began.IsZero() {
			return nil, false
		}
		return a.begin(), true
	})
	a.after(a.spec.ScheduleToStartTimeout.AsDuration(), func() {
		if a.began.IsZero() {
			a.timedOut(enumspb.TIMEOUT_TYPE_SCHEDULE_TO_START)
		}
	})
}

// after does something when a time of the attempt is over; never if it is 0.
func (a *activity) after(d time.Duration, do func()) *time.Timer {
	if d <= 0 {
		return nil
	}
	token := a.token
	// No two of them at the same moment.
	clock := time.AfterFunc(d+time.Duration(a.scheduledID), func() {
		a.run.server.mu.Lock()
		defer a.run.server.mu.Unlock()
		if a.token == token {
			do()
		}
	})
	a.clocks = append(a.clocks, clock)
	return clock
}

// begin gives the attempt to a worker.
func (a *activity) begin() *workflowservice.PollActivityTaskQueueResponse {
	a.began = time.Now()
	a.after(a.spec.StartToCloseTimeout.AsDuration(), func() { a.timedOut(enumspb.TIMEOUT_TYPE_START_TO_CLOSE) })
	a.awaitHeartbeat()
	return &workflowservice.PollActivityTaskQueueResponse{
		TaskToken:         fmt.Appendf(nil, "%s %d %s", a.run.id.RunId, a.scheduledID, a.token),
		WorkflowNamespace: "default", WorkflowType: a.run.started.WorkflowType, WorkflowExecution: a.run.id,
		ActivityType: a.spec.ActivityType, ActivityId: a.spec.ActivityId, Header: a.spec.Header, Input: a.spec.Input, HeartbeatDetails: a.details,
		ScheduledTime: timestamppb.New(a.scheduled), CurrentAttemptScheduledTime: timestamppb.New(a.attemptScheduled), StartedTime: timestamppb.New(a.began),
		Attempt: a.attempt, ScheduleToCloseTimeout: a.spec.ScheduleToCloseTimeout, StartToCloseTimeout: a.spec.StartToCloseTimeout,
		HeartbeatTimeout: a.spec.HeartbeatTimeout, RetryPolicy: a.spec.RetryPolicy,
	}
}

// awaitHeartbeat gives the attempt until the next heartbeat.
func (a *activity) awaitHeartbeat() {
	a.heartbeats++
	last := a.heartbeats
	a.after(a.spec.HeartbeatTimeout.AsDuration(), func() {
		if a.heartbeats == last {
			a.timedOut(enumspb.TIMEOUT_TYPE_HEARTBEAT)
		}
	})
}

func (s *Server) pollActivityTask(ctx context.Context) (*workflowservice.PollActivityTaskQueueResponse, error) {
	answer, ok, err := s.poll(ctx, &s.activityTasks)
	if !ok {
		return &workflowservice.PollActivityTaskQueueResponse{}, err
	}
	return answer.(*workflowservice.PollActivityTaskQueueResponse), nil
}

// attemptOf is the attempt that has the token, if it is still the one that counts.
func (s *Server) attemptOf(token []byte) (*activity, error) {
	fields := strings.Fields(string(token))
	r := s.runs[fields[0]]
	var scheduledID int64
	if _, err := fmt.Sscan(fields[1], &scheduledID); err != nil {
		return nil, serviceerror.NewInvalidArgument(err.Error())
	}
	switch {
	case !r.isRunning():
		return nil, serviceerror.NewNotFound("workflow execution already completed")
	case r.activities[scheduledID] == nil || r.activities[scheduledID].token != fields[2]:
		return nil, serviceerror.NewNotFound("invalid activityID or activity already timed out or invoking workflow is completed")
	}
	return r.activities[scheduledID], nil
}

func (s *Server) heartbeat(request *workflowservice.RecordActivityTaskHeartbeatRequest) (*workflowservice.RecordActivityTaskHeartbeatResponse, error) {
	a, err := s.attemptOf(request.TaskToken)
	if err != nil {
		return nil, err
	}
	if request.Details != nil {
		a.details = request.Details
	}
	a.awaitHeartbeat()
	return &workflowservice.RecordActivityTaskHeartbeatResponse{CancelRequested: a.cancelRequested}, nil
}

func (s *Server) activityCompleted(request *workflowservice.RespondActivityTaskCompletedRequest) (*workflowservice.RespondActivityTaskCompletedResponse, error) {
	a, err := s.attemptOf(request.TaskToken)
	if err != nil {
		return nil, err
	}
	a.end(newEvent(enumspb.EVENT_TYPE_ACTIVITY_TASK_COMPLETED, func(e *historypb.HistoryEvent) {
		e.Attributes = &historypb.HistoryEvent_ActivityTaskCompletedEventAttributes{ActivityTaskCompletedEventAttributes: &historypb.ActivityTaskCompletedEventAttributes{
			Result: request.Result, ScheduledEventId: a.scheduledID,
		}}
	}))
	return &workflowservice.RespondActivityTaskCompletedResponse{}, nil
}

func (s *Server) activityCanceled(request *workflowservice.RespondActivityTaskCanceledRequest) (*workflowservice.RespondActivityTaskCanceledResponse, error) {
	a, err := s.attemptOf(request.TaskToken)
	if err != nil {
		return nil, err
	}
	if !a.cancelRequested {
		return nil, serviceerror.NewInvalidArgument("the activity was not asked to be canceled")
	}
	a.end(newEvent(enumspb.EVENT_TYPE_ACTIVITY_TASK_CANCELED, func(e *historypb.HistoryEvent) {
		e.Attributes = &historypb.HistoryEvent_ActivityTaskCanceledEventAttributes{ActivityTaskCanceledEventAttributes: &historypb.ActivityTaskCanceledEventAttributes{
			Details: request.Details, ScheduledEventId: a.scheduledID,
		}}
	}))
	return &workflowservice.RespondActivityTaskCanceledResponse{}, nil
}

func (s *Server) activityFailed(request *workflowservice.RespondActivityTaskFailedRequest) (*workflowservice.RespondActivityTaskFailedResponse, error) {
	a, err := s.attemptOf(request.TaskToken)
	if err != nil {
		return nil, err
	}
	if request.LastHeartbeatDetails != nil {
		a.details = request.LastHeartbeatDetails
	}
	a.failed(request.Failure, true)
	return &workflowservice.RespondActivityTaskFailedResponse{}, nil
}

// failed has the attempt tried again, or ends the activity. Failures of the worker are
// told from timeouts: those have an event of their own.
func (a *activity) failed(failure *failurepb.Failure, byWorker bool) {
	a.lastFailure = failure
	if wait, ok := a.retryAfter(failure); ok {
		a.stopAttempt()
		a.began = time.Time{}
		a.attempt++
		a.token = a.run.server.newID()
		a.run.server.options.Trace("activity %s %s: attempt %d follows in %s: %s", a.spec.ActivityType.Name, a.spec.ActivityId, a.attempt, wait, failure.GetMessage())
		a.after(max(wait, 1), a.queue)
		return
	}
	if byWorker {
		a.end(newEvent(enumspb.EVENT_TYPE_ACTIVITY_TASK_FAILED, func(e *historypb.HistoryEvent) {
			e.Attributes = &historypb.HistoryEvent_ActivityTaskFailedEventAttributes{ActivityTaskFailedEventAttributes: &historypb.ActivityTaskFailedEventAttributes{
				Failure: failure, ScheduledEventId: a.scheduledID, RetryState: enumspb.RETRY_STATE_NON_RETRYABLE_FAILURE,
			}}
		}))
		return
	}
	a.end(newEvent(enumspb.EVENT_TYPE_ACTIVITY_TASK_TIMED_OUT, func(e *historypb.HistoryEvent) {
		e.Attributes = &historypb.HistoryEvent_ActivityTaskTimedOutEventAttributes{ActivityTaskTimedOutEventAttributes: &historypb.ActivityTaskTimedOutEventAttributes{
			Failure: failure, ScheduledEventId: a.scheduledID, RetryState: enumspb.RETRY_STATE_TIMEOUT,
		}}
	}))
}

// retryAfter is the time until the next attempt; false if there is none.
func (a *activity) retryAfter(failure *failurepb.Failure) (time.Duration, bool) {
	policy := a.spec.RetryPolicy
	if policy == nil || a.cancelRequested || policy.MaximumAttempts > 0 && a.attempt >= policy.MaximumAttempts {
		return 0, false
	}
	switch timeout := failure.GetTimeoutFailureInfo(); {
	case timeout != nil:
		if timeout.TimeoutType == enumspb.TIMEOUT_TYPE_SCHEDULE_TO_START || timeout.TimeoutType == enumspb.TIMEOUT_TYPE_SCHEDULE_TO_CLOSE {
			return 0, false
		}
	case failure.GetApplicationFailureInfo() != nil:
		info := failure.GetApplicationFailureInfo()
		if info.NonRetryable || slices.Contains(policy.NonRetryableErrorTypes, info.Type) {
			return 0, false
		}
		if next := info.NextRetryDelay.AsDuration(); next > 0 {
			return next, a.hasTime(next)
		}
	}
	wait := time.Duration(float64(policy.InitialInterval.AsDuration()) * math.Pow(policy.BackoffCoefficient, float64(a.attempt-1)))
	if longest := policy.MaximumInterval.AsDuration(); longest > 0 && (wait > longest || wait <= 0) {
		wait = longest
	}
	return wait, a.hasTime(wait)
}

func (a *activity) hasTime(wait time.Duration) bool {
	total := a.spec.ScheduleToCloseTimeout.AsDuration()
	return total == 0 || time.Since(a.scheduled)+wait < total
}

func (a *activity) timedOut(kind enumspb.TimeoutType) {
	a.run.server.options.Trace("activity %s %s: attempt %d: %s", a.spec.ActivityType.Name, a.spec.ActivityId, a.attempt, kind)
	a.failed(&failurepb.Failure{
		Message: fmt.Sprintf("activity %s timeout", kind), Source: "Server",
		FailureInfo: &failurepb.Failure_TimeoutFailureInfo{TimeoutFailureInfo: &failurepb.TimeoutFailureInfo{
			TimeoutType: kind, LastHeartbeatDetails: a.details,
		}},
	}, false)
}

// end ends the activity with the event, before which its start is told.
func (a *activity) end(event *historypb.HistoryEvent) {
	delete(a.run.activities, a.scheduledID)
	events := []*historypb.HistoryEvent{event}
	if !a.began.IsZero() {
		started := newEvent(enumspb.EVENT_TYPE_ACTIVITY_TASK_STARTED, func(e *historypb.HistoryEvent) {
			e.Attributes = &historypb.HistoryEvent_ActivityTaskStartedEventAttributes{ActivityTaskStartedEventAttributes: &historypb.ActivityTaskStartedEventAttributes{
				ScheduledEventId: a.scheduledID, Attempt: a.attempt, LastFailure: a.lastFailure,
			}}
		})
		events = []*historypb.HistoryEvent{started, event}
	}
	a.stop()
	a.run.happened(events...)
}

func (r *run) requestCancelActivity(scheduledID, completed int64) {
	event := r.add(enumspb.EVENT_TYPE_ACTIVITY_TASK_CANCEL_REQUESTED, func(e *historypb.HistoryEvent) {
		e.Attributes = &historypb.HistoryEvent_ActivityTaskCancelRequestedEventAttributes{ActivityTaskCancelRequestedEventAttributes: &historypb.ActivityTaskCancelRequestedEventAttributes{
			ScheduledEventId: scheduledID, WorkflowTaskCompletedEventId: completed,
		}}
	})
	a := r.activities[scheduledID]
	if a == nil {
		return // its end is buffered
	}
	a.cancelRequested = true
	if !a.began.IsZero() {
		return
	}
	a.end(newEvent(enumspb.EVENT_TYPE_ACTIVITY_TASK_CANCELED, func(e *historypb.HistoryEvent) {
		e.Attributes = &historypb.HistoryEvent_ActivityTaskCanceledEventAttributes{ActivityTaskCanceledEventAttributes: &historypb.ActivityTaskCanceledEventAttributes{
			ScheduledEventId: scheduledID, LatestCancelRequestedEventId: event.EventId,
		}}
	}))
}
