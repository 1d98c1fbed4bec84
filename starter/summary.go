package main

import (
	"context"
	"errors"
	"fmt"
	"io"
	"path/filepath"
	"strings"
	"time"

	"github.com/dustin/go-humanize"
	"github.com/mattn/go-runewidth"

	"longhaul/internal/failures"
	"longhaul/internal/inspect"
	"longhaul/job"
)

// maxReported is how many groups of failures a report lists.
const maxReported = 10

// report is the end of a run: what was done, where it is, and what failed.
func report(w io.Writer, spec job.Spec, summary job.Summary, took time.Duration) error {
	say(w, "%s records done in %s: %s succeeded, %s failed, %s",
		humanize.Comma(summary.Records), took.Round(10*time.Millisecond),
		humanize.Comma(summary.Succeeded), humanize.Comma(summary.Failed), callsMade(summary.Totals))
	if spec.Redrive != nil {
		say(w, "%s failed records were called again", humanize.Comma(summary.Redriven))
	}
	say(w, "answers:  %s", filepath.Join(summary.Output, "part-*.jsonl"))
	say(w, "report:   %s", filepath.Join(summary.Output, "report.html"))
	if summary.Failed == 0 {
		return nil
	}
	say(w, "failures: %s", filepath.Join(summary.Output, "errors-*.jsonl"))
	return errors.Join(failed(w, summary), mostFailed(summary))
}

// mostFailed is an error if more than half of the records did.
func mostFailed(summary job.Summary) error {
	if 2*summary.Failed > summary.Records {
		return errMostFailed
	}
	return nil
}

// failed shows the groups, and as the last line the command that calls the largest
// one again.
func failed(w io.Writer, summary job.Summary) (err error) {
	ctx := context.Background()
	folder, err := inspect.Open(ctx, summary.Output)
	if err != nil {
		return err
	}
	defer func() { err = errors.Join(err, folder.Close()) }()
	found, err := folder.Failures(ctx, job.RedriveSpec{}, func(inspect.Failed) error { return nil })
	if err != nil || len(found.Groups) == 0 {
		return err
	}
	for i, group := range found.Groups {
		if i == maxReported {
			say(w, "  and %s more groups: longhaul failures %s", humanize.Comma(int64(len(found.Groups)-i)), job.ShellQuote(short(summary.Output)))
			break
		}
		say(w, "  %s", groupLine(group))
	}
	again := failures.Redrives(short(summary.Output), found.Groups)[0]
	say(w, "to call %s failed records again:\n  %s", humanize.Comma(again.Records), again.Text)
	return nil
}

// callsMade is such as "514 calls made (7 throttled)".
func callsMade(totals job.Totals) string {
	text := humanize.Comma(totals.Calls()) + " calls made"
	var apart []string
	if totals.Throttled > 0 {
		apart = append(apart, humanize.Comma(totals.Throttled)+" throttled")
	}
	if totals.Outage > 0 {
		apart = append(apart, humanize.Comma(totals.Outage)+" while the API was down")
	}
	if len(apart) > 0 {
		text += " (" + strings.Join(apart, ", ") + ")"
	}
	return text
}

// messageWidth bounds a message at the end of a run.
const messageWidth = 160

// groupLine is such as: 412 × http 404 "customer # not found" (first: record 1031), and
// below it an example if there is something to see in one.
func groupLine(g failures.Group) string {
	text := humanize.Comma(g.Count) + " × " + g.Name()
	if message := oneLine(g.Pattern); message != "" {
		text += ` "` + runewidth.Truncate(message, messageWidth, "…") + `"`
	}
	text += fmt.Sprintf(" (first: record %d)", g.First)
	if example := exampleOf(g); example != "" {
		text += "\n      such as \"" + runewidth.Truncate(example, messageWidth, "…") + `"`
	}
	return text
}
