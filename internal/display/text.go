package display

import (
	"fmt"
	"math"
	"strconv"
	"time"

	"github.com/dustin/go-humanize"

	"longhaul/internal/jobclient"
	"longhaul/job"
)

// The texts that screen, lines and status share, so that all say the same.

func rateText(perSecond float64) string {
	if perSecond < 10 {
		return fmt.Sprintf("%.1f/s", perSecond)
	}
	return humanize.Comma(int64(math.Round(perSecond))) + "/s"
}

// leftText is rounded: an estimate is no more exact than that.
func leftText(d time.Duration) string {
	const day = 24 * time.Hour
	switch {
	case d < 10*time.Second:
		return "a few seconds left"
	case d < 55*time.Second:
		return fmt.Sprintf("about %d s left", int(d.Round(10*time.Second).Seconds()))
	case d < 90*time.Minute:
		return fmt.Sprintf("about %d min left", int(max(1, d.Round(time.Minute).Minutes())))
	case d < 36*time.Hour:
		return fmt.Sprintf("about %s h left", strconv.FormatFloat(math.Round(2*d.Hours())/2, 'g', -1, 64))
	}
	return fmt.Sprintf("about %s days left", humanize.Comma(int64(math.Round(float64(d)/float64(day)))))
}

// ageText is how long something lasts, such as 12 s, 3 min or 2 h 5 min.
func ageText(d time.Duration) string {
	switch d = max(0, d).Round(time.Second); {
	case d < time.Minute:
		return fmt.Sprintf("%d s", int(d.Seconds()))
	case d < time.Hour:
		return fmt.Sprintf("%d min", int(d.Minutes()))
	}
	return fmt.Sprintf("%d h %d min", int(d.Hours()), int(d.Minutes())%60)
}

// failedText says how many records failed, and how many may.
func failedText(s jobclient.Snapshot) string {
	if s.Failed == 0 {
		return ""
	}
	failed, limit := humanize.Comma(s.Failed), s.Settings.MaxFailures
	switch {
	case limit.Percent:
		return fmt.Sprintf("%s failed (%s, %s %% tolerated)", failed, job.Percent(s.Failed, s.Done()), strconv.FormatFloat(limit.Value, 'f', -1, 64))
	case limit.Value > 0:
		return fmt.Sprintf("%s failed of %s tolerated", failed, humanize.Comma(int64(limit.Value)))
	}
	return failed + " failed"
}

// kindLines are the failures by kind, the most frequent first. Of records that
// failed before the job was started again only the number is known.
func kindLines(s jobclient.Snapshot, most int) []string {
	var lines []string
	earlier := s.Failed
	for i, failure := range s.Failures {
		earlier -= failure.Count
		switch {
		case i < most:
			lines = append(lines, fmt.Sprintf("  %s × %s", humanize.Comma(failure.Count), failure))
		case i == most:
			lines = append(lines, fmt.Sprintf("  and %d other kinds", len(s.Failures)-i))
		}
	}
	if earlier > 0 && len(lines) > 0 {
		lines = append(lines, fmt.Sprintf("  %s before the job was started again", humanize.Comma(earlier)))
	}
	return lines
}

func limitText(s jobclient.Snapshot) string {
	switch {
	case s.Bottleneck == "", s.Phase.IsWaiting(): // the phase says it
		return ""
	case len(s.Concurrency) > 0 && (s.Bottleneck == job.BottleneckAPI || s.Bottleneck == job.BottleneckParallelism):
		return job.ConcurrencyText(s.Concurrency, s.Settings, humanize.Comma)
	case s.Bottleneck == job.BottleneckParallelism:
		return "limited by parallelism " + s.Settings.ParallelismText(humanize.Comma)
	case s.Bottleneck == job.BottleneckRate:
		return fmt.Sprintf("limited by rate %g", s.Settings.Rate)
	}
	return "limited by " + string(s.Bottleneck)
}

func latencyText(l job.Latency) string {
	if l.P50 <= 0 {
		return ""
	}
	return fmt.Sprintf("latency p50 %s, p95 %s, p99 %s", milliseconds(l.P50), milliseconds(l.P95), milliseconds(l.P99))
}

func milliseconds(ms float64) string {
	switch {
	case ms < 10:
		return fmt.Sprintf("%.1f ms", ms)
	case ms < 10_000:
		return humanize.Comma(int64(math.Round(ms))) + " ms"
	}
	return fmt.Sprintf("%.1f s", ms/1000)
}
