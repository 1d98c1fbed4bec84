package display

import (
	"fmt"
	"time"

	"github.com/dustin/go-humanize"

	"longhaul/job"
)

// stuckText says which call does not return, and for how long; empty if all do.
func stuckText(s *job.StuckCalls, now time.Time) string {
	if s == nil {
		return ""
	}
	return stuckCount(s) + fmt.Sprintf("record %d has not returned for %s (call.func.timeout is %s)", s.Record, ageText(now.Sub(s.Since)), s.Timeout)
}

// stuckLine is the same for a log: with a time of day.
func stuckLine(s *job.StuckCalls) string {
	if s == nil {
		return ""
	}
	return stuckCount(s) + fmt.Sprintf("record %d has not returned since %s (call.func.timeout is %s)", s.Record, s.Since.Local().Format(time.TimeOnly), s.Timeout)
}

func stuckCount(s *job.StuckCalls) string {
	if s.Count == 1 {
		return "1 call is stuck: "
	}
	return humanize.Comma(int64(s.Count)) + " calls are stuck: "
}
