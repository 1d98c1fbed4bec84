package main

import (
	"fmt"
	"time"

	"github.com/dustin/go-humanize"
	"github.com/mattn/go-runewidth"

	"longhaul/job"
)

const (
	// frameWidth bounds the lines that are redrawn. A terminal that is made
	// narrower breaks lines that are too long for it, and then nobody knows how far
	// up the first one is: lines that fit into 60 columns stay whole.
	frameWidth = 59
	// doubted is how many looks without an answer mean that there is no worker.
	doubted = 2
	// maxShownKinds is how many kinds of failure there is room for.
	maxShownKinds = 6
)

// frame is what a screen shows.
type frame struct {
	header     header
	now        snapshot
	speed      speed
	unanswered int
	ended      bool
}

func (f *frame) update(s snapshot) {
	if s.known {
		f.unanswered, f.now = 0, s
		f.speed.add(s)
		return
	}
	f.unanswered++
	f.now.queue, f.now.wait, f.now.trouble = s.queue, s.wait, s.trouble
}

func (f *frame) end(summary job.Summary, finished bool) {
	f.ended = true
	s := &f.now
	s.wait, s.trouble, s.Bottleneck, s.Stuck = nil, "", "", nil
	if finished {
		s.Records, s.Totals, s.inChunks, s.Phase, s.known = summary.Records, summary.Totals, 0, job.PhaseFinished, true
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
		done := f.speed.done(s)
		add("", barText(s.Skipped, done, s.Records, width, style))
		parts := []string{fmt.Sprintf("%s of %s records", humanize.Comma(done), humanize.Comma(s.Records))}
		if !f.ended {
			parts = append(parts, f.rateAndLeft(s)...)
		}
		add("", fold(parts, dot, width)...)
	}
	if !f.ended || s.Phase == job.PhaseFinished {
		add(bold, fold(nonEmpty(string(s.Phase), limitText(s)), dot, width)...)
	}
	// Before what there may be no room for.
	add(yellow, wrap(f.waiting(now), width)...)
	add(yellow, wrap(stuckText(s.Stuck, now), width)...)
	if s.Records > 0 {
		add(red, failedText(s))
		add("", kindLines(s, maxShownKinds)...)
		add("", latencyText(s.Latency))
	}
	if curve := f.speed.spark.String(); style.unicode && !f.ended && curve != "" {
		add("", "last minute "+curve)
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
	case f.unanswered >= doubted && f.header.Worker != "":
		return noWorkerText(f.now.queue, f.header.Worker)
	case f.now.wait != nil:
		return waitText(f.now.wait, now)
	}
	return f.now.trouble
}

func (f *frame) rateAndLeft(s snapshot) (parts []string) {
	if rate := f.speed.perSecond(s); rate > 0 {
		parts = append(parts, rateText(rate))
	}
	if left := f.speed.left(s); left > 0 {
		parts = append(parts, leftText(left))
	}
	return parts
}
