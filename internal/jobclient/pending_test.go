package jobclient

import (
	"testing"
	"time"

	"github.com/stretchr/testify/require"
	commonpb "go.temporal.io/api/common/v1"
	enumspb "go.temporal.io/api/enums/v1"
	failurepb "go.temporal.io/api/failure/v1"
	workflowpb "go.temporal.io/api/workflow/v1"
	"go.temporal.io/sdk/converter"
	"google.golang.org/protobuf/types/known/timestamppb"

	"longhaul/job"
)

// pending is a chunk that has sent a heartbeat.
func pending(t *testing.T, at time.Time, said job.Heartbeat) *workflowpb.PendingActivityInfo {
	t.Helper()
	details, err := converter.GetDefaultDataConverter().ToPayloads(said)
	require.NoError(t, err)
	return &workflowpb.PendingActivityInfo{
		ActivityId: "7", Attempt: 1, ActivityType: &commonpb.ActivityType{Name: "ProcessChunk"},
		State: enumspb.PENDING_ACTIVITY_STATE_STARTED, HeartbeatDetails: details,
		LastStartedTime: timestamppb.New(began), LastHeartbeatTime: timestamppb.New(at),
	}
}

var began = time.Unix(1000, 0)

func at(seconds int) time.Time { return began.Add(time.Duration(seconds) * time.Second) }

func TestOneOfManyWaitsIsShown(t *testing.T) {
	t.Parallel()
	wait := func(seconds int) *job.Wait {
		return &job.Wait{Reason: job.WaitOutage, Since: began, Until: at(seconds), Last: "http 503"}
	}
	said := func(beats ...job.Heartbeat) Snapshot {
		s := Snapshot{At: at(10), Known: true, Progress: job.Progress{Phase: job.PhaseRunning}}
		states := make([]activityState, 0, len(beats))
		for i, b := range beats {
			p := pending(t, at(i+1), b)
			s.add(p, b)
			states = append(states, stateOf(p, b))
		}
		s.setWait(states)
		return s
	}
	s := said(job.Heartbeat{Done: 5, Wait: wait(20)}, job.Heartbeat{Done: 6, Waiting: "text", Wait: wait(15)}, job.Heartbeat{Waiting: "text"})
	require.True(t, at(20).Equal(s.Wait.Until), "the latest")
	require.Empty(t, s.Problem, "not both")
	require.EqualValues(t, 11, s.InChunks)
	require.Len(t, s.Chunks, 3)
	s = said(job.Heartbeat{Wait: wait(9)})
	require.Nil(t, s.Wait, "it is over, and the job says that it runs")
	s = said(job.Heartbeat{Waiting: "old"}, job.Heartbeat{Waiting: "new"}, job.Heartbeat{})
	require.Empty(t, s.Problem, "it is over, too")
	s.Phase = job.PhaseWaiting
	s.setWait([]activityState{{text: "new", at: at(2)}, {text: "old", at: at(1)}})
	require.Equal(t, "new", s.Problem)

	s = Snapshot{At: at(10), Known: true, Progress: job.Progress{Phase: job.PhaseRunning}}
	s.Waits = []job.Wait{*wait(9), *wait(8)}
	s.setWait([]activityState{{wait: wait(30)}})
	require.Equal(t, at(30), s.Wait.Until, "the workflow heard of the beginning, a heartbeat of the next try")
}

func TestFailuresOfAttempts(t *testing.T) {
	t.Parallel()
	p := pending(t, at(1), job.Heartbeat{})
	p.Attempt, p.LastFailure = 2, &failurepb.Failure{Message: "disk full\nstack"}
	require.Empty(t, stateOf(p, job.Heartbeat{}).text, "it is tried again now")
	p.State = enumspb.PENDING_ACTIVITY_STATE_SCHEDULED
	require.Equal(t, "ProcessChunk, attempt 2: disk full", stateOf(p, job.Heartbeat{}).text)
	p.LastFailure.FailureInfo = &failurepb.Failure_TimeoutFailureInfo{TimeoutFailureInfo: &failurepb.TimeoutFailureInfo{}}
	require.Contains(t, stateOf(p, job.Heartbeat{}).text, "a worker does not answer any more")
}

func TestAWorkerThatLacksSomethingIsNamed(t *testing.T) {
	t.Parallel()
	p := pending(t, at(1), job.Heartbeat{Lack: &job.Lack{Since: began, Times: 2}})
	p.State, p.Attempt, p.LastWorkerIdentity = enumspb.PENDING_ACTIVITY_STATE_SCHEDULED, 3, "7@there"
	p.LastFailure = &failurepb.Failure{Message: "call.exec: no; start it with --allow-exec\nstack", FailureInfo: &failurepb.Failure_ApplicationFailureInfo{
		ApplicationFailureInfo: &failurepb.ApplicationFailureInfo{Type: string(job.KindWorkerLacks)},
	}}
	require.Equal(t, "worker 7@there cannot take this job: call.exec: no; start it with --allow-exec; waiting for another worker", stateOf(p, job.Heartbeat{}).text)
}
