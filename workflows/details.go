package workflows

import (
	"fmt"
	"strings"

	"longhaul/job"
)

// details is the progress as a Markdown table.
func details(p job.Progress) string {
	var b strings.Builder
	row := func(name, format string, args ...any) {
		b.WriteString("| " + name + " | " + strings.ReplaceAll(fmt.Sprintf(format, args...), "|", "\\|") + " |\n")
	}
	b.WriteString("| | |\n|---|---|\n")
	row("state", "**%s**", p.Phase)
	if p.Records > 0 {
		row("records", "%d of %d (%.1f %%)", p.Done(), p.Records, 100*float64(p.Done())/float64(p.Records))
	}
	row("failed", "%d", p.Failed)
	for _, failure := range p.Failures {
		row("", "%d × %s", failure.Count, failure)
	}
	row("rate", "%.1f records/s", p.Rate)
	row("latency", "p50 %.0f ms, p95 %.0f ms, p99 %.0f ms", p.Latency.P50, p.Latency.P95, p.Latency.P99)
	if p.TimeLeft != nil {
		row("time left", "%s to %s", p.TimeLeft.From, p.TimeLeft.To)
	}
	if p.Limit != "" {
		row("limited by", "%s", p.Limit)
	}
	s := p.Settings
	row("settings", "parallelism %d, chunk_interval %s, rate %g, max_failures %s", s.Parallelism, s.ChunkInterval, s.Rate, s.MaxFailures)
	if p.LastError != "" {
		row("last error", "%s", strings.Join(strings.Fields(p.LastError), " "))
	}
	row("output", "%s", p.Output)
	// The Web UI (2.42) cuts off what is in the last line's place.
	b.WriteString("\n\u00a0\n")
	return b.String()
}
