package main

import (
	"fmt"
	"io"
	"os"
	"strings"
	"time"

	"github.com/dustin/go-humanize"
	"github.com/vbauerster/mpb/v8"
	"github.com/vbauerster/mpb/v8/decor"
	"golang.org/x/term"

	"longhaul/job"
)

// plainInterval is how often a line comes without a terminal.
const plainInterval = 3 * time.Second

// display shows snapshots.
type display interface {
	update(s snapshot)
	end(summary job.Summary, finished bool)
}

// newDisplay draws a bar on a terminal, and writes plain lines elsewhere.
func newDisplay(w io.Writer) display {
	if file, ok := w.(*os.File); ok && term.IsTerminal(int(file.Fd())) {
		return newBar(w)
	}
	return &plain{w: w}
}

// plain writes a line every few seconds.
type plain struct {
	w       io.Writer
	speed   speed
	last    time.Time
	trouble string
}

func (p *plain) update(s snapshot) {
	p.speed.add(s)
	if s.trouble != p.trouble {
		p.trouble = s.trouble
		if s.trouble != "" {
			p.print(s.trouble)
		}
	}
	if s.known && s.at.Sub(p.last) >= plainInterval {
		p.last = s.at
		p.print(line(s, &p.speed))
	}
}

func (p *plain) end(job.Summary, bool) {}

func (p *plain) print(text string) {
	// Whoever closed the output does not want the line.
	_, _ = fmt.Fprintln(p.w, text)
}

func line(s snapshot, v *speed) string {
	if s.Records == 0 {
		return string(s.Phase)
	}
	text := fmt.Sprintf("%s: %s of %s records (%.1f%%), %s, %s failed, %s left",
		s.Phase, humanize.Comma(s.done()), humanize.Comma(s.Records), 100*float64(s.done())/float64(s.Records),
		v.rate(), humanize.Comma(s.Failed), v.left(s))
	if s.Limit != "" {
		text += ", limited by " + string(s.Limit)
	}
	return text
}

// bar draws one screen in place: a line with the bar, and some below it.
type bar struct {
	progress *mpb.Progress
	bar      *mpb.Bar
	latest   chan snapshot
	speed    speed
}

func newBar(w io.Writer) *bar {
	b := &bar{progress: mpb.New(mpb.WithOutput(w), mpb.WithWidth(100)), latest: make(chan snapshot, 1)}
	b.latest <- snapshot{}
	b.bar = b.progress.AddBar(0,
		mpb.PrependDecorators(decor.Any(func(decor.Statistics) string { return b.counts() })),
		mpb.AppendDecorators(decor.Any(func(decor.Statistics) string { return b.figures() })),
		mpb.BarExtender(mpb.BarFillerFunc(func(w io.Writer, _ decor.Statistics) error {
			_, err := io.WriteString(w, b.below())
			return err
		}), false),
	)
	return b
}

func (b *bar) now() snapshot {
	s := <-b.latest
	b.latest <- s
	return s
}

func (b *bar) update(s snapshot) {
	if !s.known {
		return
	}
	old := <-b.latest
	b.speed.add(s)
	b.latest <- s
	if old.Records == 0 && s.Records > 0 {
		b.bar.SetRefill(s.Skipped)
	}
	b.bar.SetTotal(s.Records, false)
	b.bar.SetCurrent(b.speed.estimate(s))
}

func (b *bar) end(summary job.Summary, finished bool) {
	if finished {
		s := <-b.latest
		s.Records, s.Totals, s.inChunks, s.trouble = summary.Records, summary.Totals, 0, ""
		b.latest <- s
		b.bar.SetTotal(max(1, summary.Records), false)
		b.bar.SetCurrent(max(1, summary.Records))
		b.bar.SetTotal(-1, true)
	} else {
		b.bar.Abort(false)
	}
	b.progress.Wait()
}

func (b *bar) counts() string {
	s := b.now()
	if s.Records == 0 {
		return string(s.Phase) + " "
	}
	return humanize.Comma(s.done()) + " / " + humanize.Comma(s.Records) + " "
}

func (b *bar) figures() string {
	s := <-b.latest
	text := fmt.Sprintf(" %s, %s failed, %s left", b.speed.rate(), humanize.Comma(s.Failed), b.speed.left(s))
	b.latest <- s
	return text
}

// below are the lines under the bar.
func (b *bar) below() string {
	s := b.now()
	if !s.known || s.Records == 0 {
		return ""
	}
	var text strings.Builder
	text.WriteString(string(s.Phase))
	if s.Limit != "" {
		text.WriteString(", limited by " + string(s.Limit))
	}
	fmt.Fprintf(&text, "; p50 %.0f ms, p95 %.0f ms, p99 %.0f ms; parallelism %d", s.Latency.P50, s.Latency.P95, s.Latency.P99, s.Settings.Parallelism)
	if s.Settings.Rate > 0 {
		fmt.Fprintf(&text, ", rate %g", s.Settings.Rate)
	}
	for _, failure := range s.Failures {
		fmt.Fprintf(&text, "\n  %s × %s", humanize.Comma(failure.Count), failure)
	}
	if s.trouble != "" {
		text.WriteString("\n" + s.trouble)
	}
	return text.String() + "\n"
}
