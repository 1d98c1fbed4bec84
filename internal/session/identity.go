package session

import (
	"context"

	commonpb "go.temporal.io/api/common/v1"
	historypb "go.temporal.io/api/history/v1"
	"go.temporal.io/api/workflowservice/v1"

	"longhaul/job"
)

// lookBack is how many events of the history, the last first, are searched.
const lookBack = 1000

// Identity is that of the client that asked for a change; empty if the server does
// not tell. It looks into the workflow's history: the SDK does not tell a handler who
// sent its update or signal.
func (r *Registry) Identity(ctx context.Context, request job.Request) string {
	if r.server.client == nil {
		return ""
	}
	response, err := r.server.client.WorkflowService().GetWorkflowExecutionHistoryReverse(ctx, &workflowservice.GetWorkflowExecutionHistoryReverseRequest{
		Namespace: request.Namespace, MaximumPageSize: lookBack,
		Execution: &commonpb.WorkflowExecution{WorkflowId: request.WorkflowID, RunId: request.RunID},
	})
	if err != nil {
		return "" // the change counts all the same
	}
	for _, event := range response.GetHistory().GetEvents() {
		if identity := identityOf(event, request); identity != "" {
			return identity
		}
	}
	return ""
}

func identityOf(event *historypb.HistoryEvent, request job.Request) string {
	accepted := event.GetWorkflowExecutionUpdateAcceptedEventAttributes()
	signaled := event.GetWorkflowExecutionSignaledEventAttributes()
	switch {
	case request.UpdateID != "" && accepted.GetAcceptedRequest().GetMeta().GetUpdateId() == request.UpdateID:
		return accepted.GetAcceptedRequest().GetMeta().GetIdentity()
	case request.Signal != "" && signaled.GetSignalName() == request.Signal:
		return signaled.GetIdentity()
	}
	return ""
}
