package display

import (
	"fmt"
	"io"
	"path"
	"strings"
	"time"

	"github.com/dustin/go-humanize"

	"longhaul/internal/connect"
	"longhaul/internal/jobclient"
	"longhaul/internal/runfile"
)

// Status prints the state of a running job. The worker is the command that starts one for
// it, for a job that no worker answers for.
func Status(w io.Writer, id, worker string, s jobclient.Snapshot) {
	if !s.Known {
		fmt.Fprintf(w, "%s: running, but %s\n", id, noWorkerText(s.Queue, worker))
		return
	}
	var v Throughput
	v.Add(s)
	fmt.Fprintf(w, "%s: %s\n", id, ProgressLine(s, &v))
	printCounts(w, s)
	if s.Records > 0 {
		fmt.Fprintf(w, "%s calls in finished chunks; %d of %d lanes busy\n", humanize.Comma(s.Calls()), s.ChunksInFlight, s.Lanes)
	}
	if s.Skipped > 0 {
		fmt.Fprintf(w, "%s records were committed before\n", humanize.Comma(s.Skipped))
	}
	if !s.Started.IsZero() {
		fmt.Fprintf(w, "running for %s\n", ageText(time.Since(s.Started)))
	}
	printChanges(w, s)
	fmt.Fprintf(w, "output: %s\n", s.Output)
	if s.Stuck != nil {
		fmt.Fprintln(w, stuckText(s.Stuck, time.Now()))
	}
	if s.Wait != nil {
		fmt.Fprintf(w, "waiting: %s\n", waitText(s.Wait, time.Now()))
	} else if s.Problem != "" {
		fmt.Fprintf(w, "waiting: %s\n", s.Problem)
	}
}

// Ending prints how a job ended and why, and the command to give next, with these flags.
func Ending(w io.Writer, id string, s jobclient.Snapshot, end jobclient.Ending, flags connect.Flags) {
	fmt.Fprintf(w, "%s: %s at %s, after %s\n", id, end.How, end.At.Local().Format(time.DateTime), ageText(end.Took))
	if why := end.Why(); why != "" {
		fmt.Fprintf(w, "%s\n", strings.ReplaceAll(why, "\n", "\n  "))
	}
	output := s.Output
	if end.Summary != nil {
		output = end.Summary.Output
		fmt.Fprintf(w, "%s records: %s succeeded, %s failed; %s calls\n", humanize.Comma(end.Summary.Records),
			humanize.Comma(end.Summary.Succeeded), humanize.Comma(end.Summary.Failed), humanize.Comma(end.Summary.Calls()))
	} else if s.Known && s.Records > 0 {
		fmt.Fprintf(w, "%s of %s records done: %s succeeded, %s failed\n", humanize.Comma(s.Done()), humanize.Comma(s.Records),
			humanize.Comma(s.Succeeded), humanize.Comma(s.Failed))
	}
	if s.Known {
		printCounts(w, s)
		printChanges(w, s)
	}
	switch {
	case end.Summary != nil:
		fmt.Fprintf(w, "answers: %s\nreport:  %s\n", path.Join(output, "part-*.jsonl"), path.Join(output, "report.html"))
	case output != "":
		fmt.Fprintf(w, "output: %s (every answer so far is kept)\n", output)
	}
	fmt.Fprintf(w, "next: %s\n", end.NextCommand(id, s.Queue, output, flags))
}

// printCounts says what failed, and how long calls take.
func printCounts(w io.Writer, s jobclient.Snapshot) {
	for _, line := range kindLines(s, len(s.Failures)) {
		fmt.Fprintln(w, line)
	}
	if text := latencyText(s.Latency); text != "" {
		fmt.Fprintln(w, text)
	}
}

func printChanges(w io.Writer, s jobclient.Snapshot) {
	for _, change := range s.Changes {
		fmt.Fprintf(w, "%s  %s, by %s\n", change.At.Local().Format(time.DateTime), change, change.By)
	}
}

// noWorkerText also says what to do.
func noWorkerText(queue, worker string) string {
	if runfile.IsTaskQueue(queue) {
		return "no worker answers on task queue " + queue + ": the job belongs to a longhaul run; give that command again to go on"
	}
	return "no worker answers on task queue " + queue + ": start one with " + worker
}
