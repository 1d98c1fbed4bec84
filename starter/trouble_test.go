package main

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

func TestOneOfManyWaitsIsShown(t *testing.T) {
	t.Parallel()
	wait := func(seconds int) *job.Wait {
		return &job.Wait{Reason: job.WaitOutage, Since: began, Until: at(seconds), Last: "http 503"}
	}
	said := func(beats ...job.Heartbeat) snapshot {
		s := after(10, 0, 0)
		troubles := make([]trouble, 0, len(beats))
		for i, b := range beats {
			troubles = append(troubles, s.add(pending(t, at(i+1), b)))
		}
		s.choose(troubles)
		return s
	}
	s := said(job.Heartbeat{Done: 5, Wait: wait(20)}, job.Heartbeat{Done: 6, Waiting: "text", Wait: wait(15)}, job.Heartbeat{Waiting: "text"})
	require.True(t, at(20).Equal(s.wait.Until), "the latest")
	require.Empty(t, s.trouble, "not both")
	require.EqualValues(t, 11, s.inChunks)
	require.Len(t, s.chunks, 3)
	s = said(job.Heartbeat{Wait: wait(9)})
	require.Nil(t, s.wait, "it is over, and the job says that it runs")
	s = said(job.Heartbeat{Waiting: "old"}, job.Heartbeat{Waiting: "new"}, job.Heartbeat{})
	require.Empty(t, s.trouble, "it is over, too")
	s.Phase = job.PhaseWaiting
	s.choose([]trouble{{text: "new", at: at(2)}, {text: "old", at: at(1)}})
	require.Equal(t, "new", s.trouble)

	s = after(10, 0, 0)
	s.Waits = []job.Wait{*wait(9), *wait(8)}
	s.choose([]trouble{{wait: wait(30)}})
	require.Equal(t, at(30), s.wait.Until, "the workflow heard of the beginning, a heartbeat of the next try")
}

func TestCountdowns(t *testing.T) {
	t.Parallel()
	w := job.Wait{Reason: job.WaitOutage, Since: began, Until: at(192), Last: "http 503"}
	require.Equal(t, "the API is down (http 503), for 3 min now: next try in 12 s", waitText(&w, at(180)))
	require.Equal(t, "the API is down (http 503), for 3 min now: trying now", waitText(&w, at(192)))
	w = job.Wait{Reason: job.WaitThrottled, Until: at(2)}
	require.Equal(t, "throttled by the API: goes on in 2 s", waitText(&w, began))
	require.Equal(t, "throttled by the API: going on now", waitText(&w, at(3)))
	require.Equal(t, "throttled by the API: goes on at "+at(2).Local().Format(time.TimeOnly), waitLine(&w))
	require.Equal(t, "the API is down: trying now", waitText(&job.Wait{Reason: job.WaitOutage}, began))
}

func TestFailuresOfAttempts(t *testing.T) {
	t.Parallel()
	p := pending(t, at(1), job.Heartbeat{})
	p.Attempt, p.LastFailure = 2, &failurepb.Failure{Message: "disk full\nstack"}
	require.Empty(t, troubleOf(p, job.Heartbeat{}).text, "it is tried again now")
	p.State = enumspb.PENDING_ACTIVITY_STATE_SCHEDULED
	require.Equal(t, "ProcessChunk, attempt 2: disk full", troubleOf(p, job.Heartbeat{}).text)
	p.LastFailure.FailureInfo = &failurepb.Failure_TimeoutFailureInfo{TimeoutFailureInfo: &failurepb.TimeoutFailureInfo{}}
	require.Contains(t, troubleOf(p, job.Heartbeat{}).text, "a worker does not answer any more")
}
