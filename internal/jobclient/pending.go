package jobclient

import (
	"fmt"
	"strings"
	"time"

	enumspb "go.temporal.io/api/enums/v1"
	failurepb "go.temporal.io/api/failure/v1"
	workflowpb "go.temporal.io/api/workflow/v1"

	"longhaul/job"
)

// activityState is what one pending activity says that it waits for.
type activityState struct {
	wait *job.Wait
	text string
	at   time.Time
	// pool is set if the pool of a chunk waits.
	pool bool
	// concurrency is what the pool of a chunk has found.
	concurrency *job.Concurrency
}

func stateOf(pending *workflowpb.PendingActivityInfo, beat job.Heartbeat) (t activityState) {
	t.at, t.concurrency = pending.GetLastHeartbeatTime().AsTime(), beat.Concurrency
	failure := pending.GetLastFailure()
	switch {
	case beat.Wait != nil:
		t.wait = beat.Wait
	case beat.Waiting != "":
		t.text, t.pool = beat.Waiting, pending.GetActivityType().GetName() == processChunk
	case failure == nil || isHandover(failure) || pending.GetState() == enumspb.PENDING_ACTIVITY_STATE_STARTED:
		// The error of an earlier attempt is over.
	case failure.GetTimeoutFailureInfo() != nil:
		t.text = "a worker does not answer any more: another one has to go on with its records"
	case isLack(failure):
		message, _, _ := strings.Cut(failure.GetMessage(), "\n")
		t.text = fmt.Sprintf("worker %s cannot take this job: %s; waiting for another worker", pending.GetLastWorkerIdentity(), message)
	default:
		message, _, _ := strings.Cut(failure.GetMessage(), "\n")
		t.text = fmt.Sprintf("%s, attempt %d: %s", pending.GetActivityType().GetName(), pending.GetAttempt(), message)
	}
	return t
}

// isHandover says that an attempt ended because its worker was stopped: the next
// worker goes on, and nothing is wrong.
func isHandover(failure *failurepb.Failure) bool {
	return failure.GetApplicationFailureInfo().GetType() == "WorkerStops"
}

// isLack says that a worker has passed the activity on, because it lacks something.
func isLack(failure *failurepb.Failure) bool {
	return failure.GetApplicationFailureInfo().GetType() == string(job.KindWorkerLacks)
}

// setWait sets what is shown of all that chunks and workflow say: one wait, or
// else one text. Heartbeats are some seconds old, and speak of different times;
// the workflow hears at once when a wait begins and ends.
func (s *Snapshot) setWait(said []activityState) {
	for i := range s.Waits {
		s.Wait = later(s.Wait, &s.Waits[i])
	}
	var text activityState
	for _, t := range said {
		if t.wait != nil && (len(s.Waits) > 0 || t.wait.Until.After(s.At) || s.Phase.IsWaiting()) {
			s.Wait = later(s.Wait, t.wait)
		}
		if t.pool && (s.Phase == job.PhaseRunning || s.Phase == job.PhaseDraining) {
			continue // over: the workflow would say it
		}
		if t.text != "" && (text.text == "" || t.at.After(text.at)) {
			text = t
		}
	}
	if s.Wait == nil {
		s.Problem = text.text
	}
}

func later(a, b *job.Wait) *job.Wait {
	if a == nil || b.Until.After(a.Until) {
		return b
	}
	return a
}
