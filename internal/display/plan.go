package display

import (
	"fmt"
	"io"
	"math"
	"strings"
	"time"

	"github.com/dustin/go-humanize"

	"longhaul/internal/estimate"
	"longhaul/job"
)

// oneWorker is about how many HTTP calls per second two processors make, see
// docs/performance.md.
const oneWorker = 10_000

// Plan prints what a job will take.
func Plan(w io.Writer, work estimate.Work, e estimate.Estimate) {
	row := rows(w)
	comma := humanize.Comma
	row("records", comma(e.Records))
	row("chunks", fmt.Sprintf("%s of at most %s records, %d in flight", comma(e.Chunks), comma(work.Spec.ChunkSize), e.Lanes))
	row("batches", fmt.Sprintf("%s of at most %s records, a part file each", comma(e.Batches), comma(work.Spec.BatchRecords())))
	row("time", fmt.Sprintf("%s, if a call takes %s: %s calls/s, limited by %s", aboutTime(e.Time.Std()), work.Latency, comma(int64(math.Round(e.CallsPerSecond))), e.LimitedBy))
	if work.Spec.IsAdaptive() && e.LimitedBy == job.BottleneckParallelism {
		row("", "if the API answers "+comma(int64(work.Spec.Parallelism))+" calls at once as well as one")
	}
	if e.CallsPerSecond > oneWorker {
		row("", "more than about "+comma(oneWorker)+" HTTP calls/s need more than one worker of two processors")
	}
	row("history", fmt.Sprintf("%s events in %s", comma(e.Events), countOf(e.Runs, "run")))
	row("actions", fmt.Sprintf("%s: %s", comma(e.Actions.Sum()), actionsByKind(e.Actions)))
	row("price", fmt.Sprintf("%s at Temporal Cloud's list price of $%g per million actions; a server of your own bills none", price(e.Actions), estimate.PricePerMillion))
	disk := humanize.Bytes(uint64(e.DiskBytes))
	if work.AnswerBytes == 0 {
		disk += " and the answers (--answer-bytes counts them)"
	}
	row("disk", disk)
}

// rows prints a name and a text on a line.
func rows(w io.Writer) func(name, text string) {
	return func(name, text string) { fmt.Fprintf(w, "%-9s %s\n", name, text) }
}

func actionsByKind(a estimate.Actions) string {
	var kinds []string
	for _, kind := range []struct {
		count      int64
		one, other string
	}{
		{a.Activities, "activity", "activities"}, {a.Heartbeats, "heartbeat", "heartbeats"}, {a.Timers, "timer", "timers"},
		{a.Starts, "run", "runs"}, {a.Signals, "signal", "signals"},
	} {
		switch kind.count {
		case 0:
		case 1:
			kinds = append(kinds, "1 "+kind.one)
		default:
			kinds = append(kinds, humanize.Comma(kind.count)+" "+kind.other)
		}
	}
	return strings.Join(kinds, ", ")
}

func price(a estimate.Actions) string {
	if price := a.Price(); price >= 0.01 {
		return fmt.Sprintf("$%.2f", price)
	}
	return "less than $0.01"
}

func countOf(n int64, noun string) string {
	if n == 1 {
		return "1 " + noun
	}
	return humanize.Comma(n) + " " + noun + "s"
}

// aboutTime has no more digits than an estimate deserves.
func aboutTime(d time.Duration) string {
	switch {
	case d < 10*time.Second:
		return d.Round(100 * time.Millisecond).String()
	case d < time.Hour:
		return d.Round(time.Second).String()
	}
	return d.Round(time.Minute).String()
}
