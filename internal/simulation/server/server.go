package server

import (
	"context"
	"fmt"
	"sync"
	"time"

	"github.com/google/uuid"
	enumspb "go.temporal.io/api/enums/v1"
	"go.temporal.io/api/serviceerror"
	"go.temporal.io/api/workflowservice/v1"
	"google.golang.org/protobuf/proto"
)

// longPoll is how long a poll waits for a task.
const longPoll = time.Minute

// Options is how a server behaves.
type Options struct {
	// ContinueAfter is after how many events a run is told to continue as new; 0 for
	// never.
	ContinueAfter int
	// Trace gets what happens, if it is not nil.
	Trace func(format string, args ...any)
	// Ended is told when a run has ended, with the server's lock, if it is not nil.
	Ended func(workflowID string, status enumspb.WorkflowExecutionStatus)
}

// Server is one namespace of a simulated Temporal server.
type Server struct {
	options Options

	mu sync.Mutex
	// workflows are the runs of each workflow ID, in order.
	workflows map[string][]*run
	runs      map[string]*run
	// workflowTasks and activityTasks are what no worker has taken yet.
	workflowTasks, activityTasks queue
	// ids counts what has got one.
	ids int
	// failures are the workflow tasks that workers have failed: a defect of the workflow.
	failures []string
}

// New is a server without workflows.
func New(options Options) *Server {
	if options.Trace == nil {
		options.Trace = func(string, ...any) {}
	}
	if options.Ended == nil {
		options.Ended = func(string, enumspb.WorkflowExecutionStatus) {}
	}
	return &Server{options: options, workflows: map[string][]*run{}, runs: map[string]*run{}}
}

// Call answers one request of the WorkflowService. Errors are those of package
// serviceerror.
func (s *Server) Call(ctx context.Context, request proto.Message) (proto.Message, error) {
	switch request.(type) {
	case *workflowservice.PollWorkflowTaskQueueRequest:
		return s.pollWorkflowTask(ctx)
	case *workflowservice.PollActivityTaskQueueRequest:
		return s.pollActivityTask(ctx)
	case *workflowservice.GetSystemInfoRequest:
		return &workflowservice.GetSystemInfoResponse{ServerVersion: "1.29.0", Capabilities: &workflowservice.GetSystemInfoResponse_Capabilities{
			SignalAndQueryHeader: true, InternalErrorDifferentiation: true, ActivityFailureIncludeHeartbeat: true, EncodedFailureAttributes: true,
			SdkMetadata: true,
		}}, nil
	case *workflowservice.DescribeNamespaceRequest:
		return &workflowservice.DescribeNamespaceResponse{}, nil
	case *workflowservice.ShutdownWorkerRequest:
		return &workflowservice.ShutdownWorkerResponse{}, nil
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.answer(request)
}

// answer is called with the lock.
func (s *Server) answer(request proto.Message) (proto.Message, error) {
	switch r := request.(type) {
	case *workflowservice.RespondWorkflowTaskCompletedRequest:
		return s.workflowTaskCompleted(r)
	case *workflowservice.RespondWorkflowTaskFailedRequest:
		return s.workflowTaskFailed(r)
	case *workflowservice.RecordActivityTaskHeartbeatRequest:
		return s.heartbeat(r)
	case *workflowservice.RespondActivityTaskCompletedRequest:
		return s.activityCompleted(r)
	case *workflowservice.RespondActivityTaskFailedRequest:
		return s.activityFailed(r)
	case *workflowservice.RespondActivityTaskCanceledRequest:
		return s.activityCanceled(r)
	case *workflowservice.StartWorkflowExecutionRequest:
		return s.start(r)
	case *workflowservice.SignalWorkflowExecutionRequest:
		return s.signal(r)
	case *workflowservice.RequestCancelWorkflowExecutionRequest:
		return s.requestCancel(r)
	case *workflowservice.TerminateWorkflowExecutionRequest:
		return s.terminate(r)
	case *workflowservice.DescribeWorkflowExecutionRequest:
		return s.describe(r)
	case *workflowservice.GetWorkflowExecutionHistoryReverseRequest:
		return s.historyReverse(r)
	case *workflowservice.ResetWorkflowExecutionRequest:
		return s.reset(r)
	}
	return nil, serviceerror.NewUnimplemented(fmt.Sprintf("the simulated server has no %T", request))
}

// Failures are the workflow tasks that workers have failed.
func (s *Server) Failures() []string {
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.failures
}

// newID is unique in this server, and the same whenever the same is simulated.
func (s *Server) newID() string {
	s.ids++
	return uuid.NewSHA1(uuid.NameSpaceOID, fmt.Appendf(nil, "%d", s.ids)).String()
}
