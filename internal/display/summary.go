package display

import (
	"context"
	"errors"
	"fmt"
	"io"
	"path/filepath"
	"strings"
	"time"

	"github.com/dustin/go-humanize"

	"longhaul/internal/exitcode"
	"longhaul/internal/failures"
	"longhaul/internal/inspect"
	"longhaul/job"
)

// maxReported is how many groups of failures a report lists.
const maxReported = 10

// Summary prints the end of a run: what was done, where it is, and what failed. Its error is
// exitcode.ErrMostFailed if most records failed.
func Summary(w io.Writer, spec job.Spec, summary job.Summary, took time.Duration) error {
	fmt.Fprintf(w, "%s records done in %s: %s succeeded, %s failed, %s\n",
		humanize.Comma(summary.Records), took.Round(10*time.Millisecond),
		humanize.Comma(summary.Succeeded), humanize.Comma(summary.Failed), CallsMade(summary.Totals))
	if spec.Redrive != nil {
		fmt.Fprintf(w, "%s failed records were called again\n", humanize.Comma(summary.Redriven))
	}
	fmt.Fprintf(w, "answers:  %s\n", filepath.Join(summary.Output, "part-*.jsonl"))
	fmt.Fprintf(w, "report:   %s\n", filepath.Join(summary.Output, "report.html"))
	if summary.Failed == 0 {
		return nil
	}
	fmt.Fprintf(w, "failures: %s\n", filepath.Join(summary.Output, "errors-*.jsonl"))
	return errors.Join(printFailures(w, summary), exitcode.OfSummary(summary))
}

// printFailures shows the groups, and as the last line the command that calls the largest
// one again.
func printFailures(w io.Writer, summary job.Summary) (err error) {
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
			fmt.Fprintf(w, "  and %s more groups: longhaul failures %s\n", humanize.Comma(int64(len(found.Groups)-i)), job.ShellQuote(ShortPath(summary.Output)))
			break
		}
		fmt.Fprintf(w, "  %s\n", groupLine(group))
	}
	again := failures.Redrives(ShortPath(summary.Output), found.Groups)[0]
	fmt.Fprintf(w, "to call %s failed records again:\n  %s\n", humanize.Comma(again.Records), again.Text)
	return nil
}

// CallsMade is such as "514 calls made (7 throttled)".
func CallsMade(totals job.Totals) string {
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
