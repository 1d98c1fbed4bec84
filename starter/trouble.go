package main

import (
	"cmp"
	"fmt"
	"strings"
	"time"

	enumspb "go.temporal.io/api/enums/v1"
	failurepb "go.temporal.io/api/failure/v1"
	workflowpb "go.temporal.io/api/workflow/v1"

	"longhaul/job"
)

// trouble is what one running activity says that it waits for.
type trouble struct {
	wait *job.Wait
	text string
	at   time.Time
	// pool is set if the pool of a chunk waits.
	pool bool
}

func troubleOf(pending *workflowpb.PendingActivityInfo, beat job.Heartbeat) (t trouble) {
	t.at = pending.GetLastHeartbeatTime().AsTime()
	failure := pending.GetLastFailure()
	switch {
	case beat.Wait != nil:
		t.wait = beat.Wait
	case beat.Waiting != "":
		t.text, t.pool = beat.Waiting, pending.GetActivityType().GetName() == processChunk
	case failure == nil || isHandover(failure) || pending.GetState() == enumspb.PENDING_ACTIVITY_STATE_STARTED:
		// What an earlier attempt said is over.
	case failure.GetTimeoutFailureInfo() != nil:
		t.text = "a worker does not answer any more: another one has to go on with its records"
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

// choose sets what is shown of all that chunks and workflow say: one wait, or
// else one text. Heartbeats are some seconds old, and speak of different times;
// the workflow hears at once when a wait begins and ends.
func (s *snapshot) choose(said []trouble) {
	for i := range s.Waits {
		s.wait = later(s.wait, &s.Waits[i])
	}
	var text trouble
	for _, t := range said {
		if t.wait != nil && (len(s.Waits) > 0 || t.wait.Until.After(s.at) || s.Phase == job.PhaseWaiting) {
			s.wait = later(s.wait, t.wait)
		}
		if t.pool && (s.Phase == job.PhaseRunning || s.Phase == job.PhaseDraining) {
			continue // over: the workflow would say it
		}
		if t.text != "" && (text.text == "" || t.at.After(text.at)) {
			text = t
		}
	}
	if s.wait == nil {
		s.trouble = text.text
	}
}

func later(a, b *job.Wait) *job.Wait {
	if a == nil || b.Until.After(a.Until) {
		return b
	}
	return a
}

// waitText is a countdown.
func waitText(w *job.Wait, now time.Time) string {
	left := w.Until.Sub(now)
	seconds := int((left + time.Second - 1) / time.Second)
	if w.Reason == job.WaitThrottled {
		if left <= 0 {
			return "throttled by the API: going on now"
		}
		return fmt.Sprintf("throttled by the API: goes on in %d s", seconds)
	}
	text := "the API is down" + lastOf(w)
	if !w.Since.IsZero() {
		text += fmt.Sprintf(", for %s now", ageText(now.Sub(w.Since)))
	}
	if left <= 0 {
		return text + ": trying now"
	}
	return text + fmt.Sprintf(": next try in %d s", seconds)
}

// waitLine is the same for a log: with times of day.
func waitLine(w *job.Wait) string {
	clock := func(t time.Time) string { return t.Local().Format(time.TimeOnly) }
	if w.Reason == job.WaitThrottled {
		return "throttled by the API: goes on at " + clock(w.Until)
	}
	text := "the API is down" + lastOf(w)
	if !w.Since.IsZero() {
		text += " since " + clock(w.Since)
	}
	return text + ": next try at " + clock(w.Until)
}

func lastOf(w *job.Wait) string {
	if w.Last == "" {
		return ""
	}
	return " (" + w.Last + ")"
}

// reason tells waits apart that mean something new; the next time is not new.
func (s snapshot) reason() string {
	if s.wait != nil {
		return cmp.Or(string(s.wait.Reason), "waiting") + s.wait.Last
	}
	return s.trouble
}
