package server

import (
	"slices"
	"time"

	commonpb "go.temporal.io/api/common/v1"
	enumspb "go.temporal.io/api/enums/v1"
	historypb "go.temporal.io/api/history/v1"
	"go.temporal.io/api/serviceerror"
	workflowpb "go.temporal.io/api/workflow/v1"
	"go.temporal.io/api/workflowservice/v1"
)

func (s *Server) newRun(id *commonpb.WorkflowExecution, first string) *run {
	r := &run{
		server: s, id: id, first: first, original: id.RunId, status: enumspb.WORKFLOW_EXECUTION_STATUS_RUNNING,
		activities: map[int64]*activity{}, timers: map[string]*timer{},
	}
	s.workflows[id.WorkflowId] = append(s.workflows[id.WorkflowId], r)
	s.runs[id.RunId] = r
	return r
}

// begin writes the first event, and has a worker begin.
func (r *run) begin(started *historypb.WorkflowExecutionStartedEventAttributes) {
	r.started = started
	r.add(enumspb.EVENT_TYPE_WORKFLOW_EXECUTION_STARTED, func(e *historypb.HistoryEvent) {
		e.Attributes = &historypb.HistoryEvent_WorkflowExecutionStartedEventAttributes{WorkflowExecutionStartedEventAttributes: started}
	})
	r.scheduleWorkflowTask()
}

func (s *Server) start(request *workflowservice.StartWorkflowExecutionRequest) (*workflowservice.StartWorkflowExecutionResponse, error) {
	if last := s.last(request.WorkflowId); last != nil && last.isRunning() {
		return nil, serviceerror.NewWorkflowExecutionAlreadyStarted("Workflow execution is already running.", request.RequestId, last.id.RunId)
	}
	id := &commonpb.WorkflowExecution{WorkflowId: request.WorkflowId, RunId: s.newID()}
	s.newRun(id, id.RunId).begin(&historypb.WorkflowExecutionStartedEventAttributes{
		WorkflowType: request.WorkflowType, TaskQueue: request.TaskQueue, Input: request.Input, Identity: request.Identity,
		OriginalExecutionRunId: id.RunId, FirstExecutionRunId: id.RunId, Attempt: 1, Memo: request.Memo,
		SearchAttributes: request.SearchAttributes, Header: request.Header, WorkflowId: id.WorkflowId,
	})
	return &workflowservice.StartWorkflowExecutionResponse{RunId: id.RunId, Started: true}, nil
}

func (s *Server) last(workflowID string) *run {
	if runs := s.workflows[workflowID]; len(runs) > 0 {
		return runs[len(runs)-1]
	}
	return nil
}

// find finds a run: the last one if no run is named.
func (s *Server) find(id *commonpb.WorkflowExecution) (*run, error) {
	r := s.last(id.GetWorkflowId())
	if id.GetRunId() != "" {
		r = s.runs[id.RunId]
	}
	if r == nil {
		return nil, serviceerror.NewNotFound("workflow not found for ID: " + id.GetWorkflowId())
	}
	return r, nil
}

func (s *Server) findRunning(id *commonpb.WorkflowExecution) (*run, error) {
	r, err := s.find(id)
	if err == nil && !r.isRunning() {
		err = serviceerror.NewNotFound("workflow execution already completed")
	}
	return r, err
}

func (s *Server) signal(request *workflowservice.SignalWorkflowExecutionRequest) (*workflowservice.SignalWorkflowExecutionResponse, error) {
	r, err := s.findRunning(request.WorkflowExecution)
	if err != nil {
		return nil, err
	}
	r.happened(newEvent(enumspb.EVENT_TYPE_WORKFLOW_EXECUTION_SIGNALED, func(e *historypb.HistoryEvent) {
		e.Attributes = &historypb.HistoryEvent_WorkflowExecutionSignaledEventAttributes{WorkflowExecutionSignaledEventAttributes: &historypb.WorkflowExecutionSignaledEventAttributes{
			SignalName: request.SignalName, Input: request.Input, Identity: request.Identity, Header: request.Header,
		}}
	}))
	return &workflowservice.SignalWorkflowExecutionResponse{}, nil
}

func (s *Server) requestCancel(request *workflowservice.RequestCancelWorkflowExecutionRequest) (*workflowservice.RequestCancelWorkflowExecutionResponse, error) {
	r, err := s.findRunning(request.WorkflowExecution)
	if err != nil {
		return nil, err
	}
	if r.requests++; r.requests == 1 {
		r.happened(newEvent(enumspb.EVENT_TYPE_WORKFLOW_EXECUTION_CANCEL_REQUESTED, func(e *historypb.HistoryEvent) {
			e.Attributes = &historypb.HistoryEvent_WorkflowExecutionCancelRequestedEventAttributes{WorkflowExecutionCancelRequestedEventAttributes: &historypb.WorkflowExecutionCancelRequestedEventAttributes{
				Identity: request.Identity,
			}}
		}))
	}
	return &workflowservice.RequestCancelWorkflowExecutionResponse{}, nil
}

func (s *Server) terminate(request *workflowservice.TerminateWorkflowExecutionRequest) (*workflowservice.TerminateWorkflowExecutionResponse, error) {
	r, err := s.findRunning(request.WorkflowExecution)
	if err != nil {
		return nil, err
	}
	r.terminate(request.Reason)
	return &workflowservice.TerminateWorkflowExecutionResponse{}, nil
}

func (r *run) terminate(reason string) {
	r.record()
	r.add(enumspb.EVENT_TYPE_WORKFLOW_EXECUTION_TERMINATED, func(e *historypb.HistoryEvent) {
		e.Attributes = &historypb.HistoryEvent_WorkflowExecutionTerminatedEventAttributes{WorkflowExecutionTerminatedEventAttributes: &historypb.WorkflowExecutionTerminatedEventAttributes{
			Reason: reason,
		}}
	})
	r.close(enumspb.WORKFLOW_EXECUTION_STATUS_TERMINATED)
}

func (s *Server) describe(request *workflowservice.DescribeWorkflowExecutionRequest) (*workflowservice.DescribeWorkflowExecutionResponse, error) {
	r, err := s.find(request.Execution)
	if err != nil {
		return nil, err
	}
	info := &workflowpb.WorkflowExecutionInfo{
		Execution: r.id, Type: r.started.WorkflowType, Status: r.status, HistoryLength: int64(len(r.events)), FirstRunId: r.first,
	}
	if !r.isRunning() {
		info.CloseTime = r.events[len(r.events)-1].EventTime
	}
	return &workflowservice.DescribeWorkflowExecutionResponse{WorkflowExecutionInfo: info}, nil
}

func (s *Server) historyReverse(request *workflowservice.GetWorkflowExecutionHistoryReverseRequest) (*workflowservice.GetWorkflowExecutionHistoryReverseResponse, error) {
	r, err := s.find(request.Execution)
	if err != nil {
		return nil, err
	}
	events := slices.Clone(r.events)
	slices.Reverse(events)
	return &workflowservice.GetWorkflowExecutionHistoryReverseResponse{History: &historypb.History{Events: events}}, nil
}

// Status is that of the last run of a workflow, with the reason if it has failed.
func (s *Server) Status(workflowID string) (status enumspb.WorkflowExecutionStatus, reason string) {
	s.mu.Lock()
	defer s.mu.Unlock()
	r := s.last(workflowID)
	if r == nil {
		return status, ""
	}
	for failure := r.events[len(r.events)-1].GetWorkflowExecutionFailedEventAttributes().GetFailure(); failure != nil; failure = failure.Cause {
		if reason != "" {
			reason += ": "
		}
		reason += failure.Message
	}
	return r.status, reason
}

// Events is how many events a workflow's runs have, and when the last one was.
func (s *Server) Events(workflowID string) (count int, last time.Time) {
	s.mu.Lock()
	defer s.mu.Unlock()
	for _, r := range s.workflows[workflowID] {
		count += len(r.events)
		last = r.events[len(r.events)-1].EventTime.AsTime()
	}
	return count, last
}
