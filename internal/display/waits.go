package display

import (
	"cmp"
	"fmt"
	"time"

	"longhaul/internal/jobclient"
	"longhaul/job"
)

// The texts of a wait: with a countdown for a screen, with times of day for a log.

// waitText is a countdown.
func waitText(w *job.Wait, now time.Time) string {
	if w.Reason == job.WaitDisk {
		return fmt.Sprintf("waiting for disk%s, for %s now: goes on by itself when answers can be written", lastOf(w), ageText(now.Sub(w.Since)))
	}
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
	switch w.Reason {
	case job.WaitThrottled:
		return "throttled by the API: goes on at " + clock(w.Until)
	case job.WaitDisk:
		return "waiting for disk" + lastOf(w) + " since " + clock(w.Since) + ": goes on by itself when answers can be written"
	case job.WaitOutage:
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

// reasonOf tells waits apart that mean something new; the next time is not new.
func reasonOf(s jobclient.Snapshot) string {
	if s.Wait != nil {
		return cmp.Or(string(s.Wait.Reason), "waiting") + s.Wait.Last
	}
	return s.Problem
}
