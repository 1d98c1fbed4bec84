package main

import (
	"fmt"
	"io"
	"path/filepath"
	"strings"
	"time"

	"github.com/dustin/go-humanize"

	"longhaul/internal/host"
	"longhaul/job"
)

// maxReported is how many kinds of failure a report lists.
const maxReported = 10

// report is the end of a run: what was done, where it is, and what failed.
func report(w io.Writer, spec job.Spec, summary job.Summary, took time.Duration) error {
	say(w, "%s records done in %s: %s succeeded, %s failed, %s calls made",
		humanize.Comma(summary.Records), took.Round(10*time.Millisecond),
		humanize.Comma(summary.Succeeded), humanize.Comma(summary.Failed), humanize.Comma(summary.Attempts))
	if spec.Redrive != nil {
		say(w, "%s failed records were called again", humanize.Comma(summary.Redriven))
	}
	say(w, "answers:  %s", filepath.Join(summary.Output, "part-*.jsonl"))
	say(w, "report:   %s", filepath.Join(summary.Output, "report.html"))
	if summary.Failed == 0 {
		return nil
	}
	say(w, "failures: %s", filepath.Join(summary.Output, "errors-*.jsonl"))
	groups, err := host.Failures(summary.Output)
	if err != nil {
		return err
	}
	for i, group := range groups {
		if i == maxReported {
			say(w, "  and %s other kinds", humanize.Comma(int64(len(groups)-i)))
			break
		}
		say(w, "  %s", groupLine(group))
	}
	return nil
}

// groupLine is such as: 412 × http 422 "postal code unknown" (first: record 1031).
func groupLine(g job.FailureGroup) string {
	text := humanize.Comma(g.Count) + " × " + g.Failure.Kind
	if g.Failure.Status != 0 {
		text += fmt.Sprintf(" %d", g.Failure.Status)
	}
	if message, _, _ := strings.Cut(g.Failure.Message, "\n"); message != "" {
		text += fmt.Sprintf(" %q", message)
	}
	return text + fmt.Sprintf(" (first: record %d)", g.First)
}
