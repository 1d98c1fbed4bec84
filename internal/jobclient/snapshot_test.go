package jobclient

import (
	"testing"

	"github.com/stretchr/testify/require"
	commonpb "go.temporal.io/api/common/v1"
	failurepb "go.temporal.io/api/failure/v1"
	workflowpb "go.temporal.io/api/workflow/v1"

	"longhaul/job"
)

// A worker that was stopped hands its chunks over: nothing is wrong.
func TestAHandoverIsNoTrouble(t *testing.T) {
	t.Parallel()
	pending := func(message, kind string) *workflowpb.PendingActivityInfo {
		return &workflowpb.PendingActivityInfo{
			ActivityType: &commonpb.ActivityType{Name: "ProcessChunk"}, Attempt: 2,
			LastFailure: &failurepb.Failure{Message: message, FailureInfo: &failurepb.Failure_ApplicationFailureInfo{
				ApplicationFailureInfo: &failurepb.ApplicationFailureInfo{Type: kind},
			}},
		}
	}
	require.Empty(t, stateOf(pending("the worker stops", "WorkerStops"), job.Heartbeat{}).text)
	require.Equal(t, "ProcessChunk, attempt 2: disk full", stateOf(pending("disk full", "Storage"), job.Heartbeat{}).text)
}
