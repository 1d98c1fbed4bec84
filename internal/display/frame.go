package display

import (
	"fmt"
	"time"

	"github.com/dustin/go-humanize"
	"github.com/mattn/go-runewidth"

	"longhaul/internal/jobclient"
	"longhaul/job"
)

const (
	// frameWidth bounds the lines that are redrawn. A terminal that is made
	// narrower breaks lines that are too long for it, and then nobody knows how far
	// up the first one is: lines that fit into 60 columns stay whole.
	frameWidth = 59
	// leastUnanswered is how many snapshots without an answer mean that there is no worker.
	leastUnanswered = 2
	// maxShownKinds is how many kinds of failure there is room for.
	maxShownKinds = 6
)

// frame is what a screen shows.
type frame struct {
	header     Header
	now        jobclient.Snapshot
	throughput Throughput
	unanswered int
	ended      bool
}

func (f *frame) update(s jobclient.Snapshot) {
	if s.Known {
		f.unanswered, f.now = 0, s
		f.throughput.Add(s)
		return
	}
	f.unanswered++
	f.now.Queue, f.now.Wait, f.now.Problem = s.Queue, s.Wait, s.Problem
}

func (f *frame) end(summary job.Summary, finished bool) {
	f.ended = true
	s := &f.now
	s.Wait, s.Problem, s.Bottleneck, s.Stuck = nil, "", "", nil
	if finished {
		s.Records, s.Totals, s.InChunks, s.Phase, s.Known = summary.Records, summary.Totals, 0, job.PhaseFinished, true
	}
}

// lines are at least one, none wider than that.
func (f *frame) lines(now time.Time, width int, style style) []line {
	lines := f.content(now, width, style)
	for i := range lines {
		lines[i].text = runewidth.Truncate(lines[i].text, width, "")
	}
	return lines
}

func (f *frame) content(now time.Time, width int, style style) []line {
	s := f.now
	var lines []line
	add := func(color string, texts ...string) {
		for _, text := range texts {
			if text != "" {
				lines = append(lines, line{text, color})
			}
		}
	}
	dot := separator(style)
	if s.Records > 0 {
		done := f.throughput.Done(s)
		add("", barText(s.Skipped, done, s.Records, width, style))
		parts := []string{fmt.Sprintf("%s of %s records", humanize.Comma(done), humanize.Comma(s.Records))}
		if !f.ended {
			parts = append(parts, f.rateAndLeft(s)...)
		}
		add("", joinParts(parts, dot, width)...)
	}
	if !f.ended || s.Phase == job.PhaseFinished {
		add(bold, joinParts(nonEmpty(string(s.Phase), limitText(s)), dot, width)...)
	}
	// Before what there may be no room for.
	add(yellow, wrap(f.waiting(now), width)...)
	add(yellow, wrap(stuckText(s.Stuck, now), width)...)
	if s.Records > 0 {
		add(red, failedText(s))
		add("", kindLines(s, maxShownKinds)...)
		add("", latencyText(s.Latency))
	}
	if line := f.throughput.Sparkline(); style.unicode && !f.ended && line != "" {
		add("", "last minute "+line)
	}
	if f.header.Output == "" && s.Output != "" {
		add("", "output "+s.Output)
	}
	if len(lines) == 0 {
		add("", "waiting for the first news of the job")
	}
	return lines
}

// waiting is what keeps the job from going on.
func (f *frame) waiting(now time.Time) string {
	switch {
	case f.ended:
		return ""
	case f.unanswered >= leastUnanswered && f.header.Worker != "":
		return noWorkerText(f.now.Queue, f.header.Worker)
	case f.now.Wait != nil:
		return waitText(f.now.Wait, now)
	}
	return f.now.Problem
}

func (f *frame) rateAndLeft(s jobclient.Snapshot) (parts []string) {
	if rate := f.throughput.PerSecond(s); rate > 0 {
		parts = append(parts, rateText(rate))
	}
	if left := f.throughput.TimeLeft(s); left > 0 {
		parts = append(parts, leftText(left))
	}
	return parts
}
