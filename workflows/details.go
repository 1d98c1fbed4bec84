package workflows

import (
	"fmt"
	"math"
	"strconv"
	"strings"
	"time"

	"longhaul/job"
)

// details is the progress as a Markdown table. It is part of the workflow: the
// same progress gives the same text. A value that is not known has no row.
func details(p job.Progress) string {
	var b strings.Builder
	row := func(name, text string) {
		if text != "" {
			b.WriteString("| " + name + " | " + strings.ReplaceAll(text, "|", "\\|") + " |\n")
		}
	}
	b.WriteString("| | |\n|---|---|\n")
	row("state", "**"+string(p.Phase)+"**")
	for _, wait := range p.Waits {
		row("waits", waitRow(wait))
	}
	row("stuck", stuckRow(p.Stuck))
	if p.Records > 0 {
		row("records", fmt.Sprintf("%s of %s (%s)", thousands(p.Done()), thousands(p.Records), job.Percent(p.Done(), p.Records)))
		row("failed", failedRow(p))
	}
	for _, failure := range p.Failures {
		row("", thousands(failure.Count)+" × "+failure.String())
	}
	if p.Rate > 0 {
		row("rate", digits(p.Rate)+" records/s")
	}
	if p.Latency.P50 > 0 {
		row("latency", fmt.Sprintf("p50 %s ms, p95 %s ms, p99 %s ms", digits(p.Latency.P50), digits(p.Latency.P95), digits(p.Latency.P99)))
	}
	row("time left", leftRow(p))
	row("limited by", string(p.Bottleneck))
	row("parallelism", job.ConcurrencyText(p.Concurrency, p.Settings, thousands))
	row("settings", settingsRow(p.Settings))
	row("last error", strings.Join(strings.Fields(p.LastError), " "))
	if p.Call != "" {
		row("call", "`"+p.Call+"`")
	}
	row("input", p.Input)
	row("output", p.Output)
	// The Web UI (2.42) cuts off what is in the last line's place.
	b.WriteString("\n\u00a0\n")
	return b.String()
}

// waitRow has times of day: nothing redraws it.
func waitRow(w job.Wait) string {
	text := "the API is down"
	switch w.Reason {
	case job.WaitThrottled:
		text = "throttled by the API"
	case job.WaitDisk:
		return "for disk: answers cannot be written (" + w.Last + ") since " + w.Since.UTC().Format(time.TimeOnly) + " UTC"
	case job.WaitOutage:
	}
	if w.Last != "" {
		text += " (" + w.Last + ")"
	}
	if !w.Since.IsZero() {
		text += " since " + w.Since.UTC().Format(time.TimeOnly)
	}
	return text + ", next call at " + w.Until.UTC().Format(time.TimeOnly) + " UTC"
}

// stuckRow is empty if no call is stuck. It has a time of day, too.
func stuckRow(s *job.StuckCalls) string {
	if s == nil {
		return ""
	}
	calls := "1 call"
	if s.Count > 1 {
		calls = thousands(int64(s.Count)) + " calls"
	}
	return fmt.Sprintf("%s: record %d has not returned since %s UTC (call.func.timeout is %s)", calls, s.Record, s.Since.UTC().Format(time.TimeOnly), s.Timeout)
}

func failedRow(p job.Progress) string {
	if p.Failed == 0 {
		return "0"
	}
	text := fmt.Sprintf("%s (%s)", thousands(p.Failed), job.Percent(p.Failed, p.Done()))
	limit := p.Settings.MaxFailures
	switch {
	case limit.Percent:
		text += ", " + strings.TrimSuffix(limit.String(), "%") + " % tolerated"
	case limit.Value > 0:
		text += ", " + thousands(int64(limit.Value)) + " tolerated"
	}
	return text
}

func settingsRow(s job.Settings) string {
	parts := []string{"parallelism " + s.ParallelismText(thousands)}
	if s.ChunkInterval > 0 {
		parts = append(parts, fmt.Sprintf("chunk_interval %s", s.ChunkInterval))
	}
	if s.Rate > 0 {
		parts = append(parts, fmt.Sprintf("rate %g", s.Rate))
	}
	return strings.Join(append(parts, "max_failures "+s.MaxFailures.String()), ", ")
}

// leftRow is one time: at the rate of the last minute.
func leftRow(p job.Progress) string {
	if p.TimeLeft == nil || p.Rate <= 0 {
		return ""
	}
	left := time.Duration(float64(p.Records-p.Done()) / p.Rate * float64(time.Second))
	switch {
	case left < time.Minute:
		return "less than a minute"
	case left < 90*time.Minute:
		return fmt.Sprintf("about %.0f min", left.Minutes())
	case left < 36*time.Hour:
		return fmt.Sprintf("about %s h", strconv.FormatFloat(math.Round(2*left.Hours())/2, 'f', -1, 64))
	}
	return fmt.Sprintf("about %s days", thousands(int64(math.Round(left.Hours()/24))))
}

// digits is a number without decimals, unless it is small.
func digits(value float64) string {
	if value < 10 {
		return fmt.Sprintf("%.1f", value)
	}
	return thousands(int64(math.Round(value)))
}

// thousands is such as 1,234,567.
func thousands(n int64) string {
	text := strconv.FormatInt(n, 10)
	for at := len(text) - 3; at > 0 && text[at-1] != '-'; at -= 3 {
		text = text[:at] + "," + text[at:]
	}
	return text
}
