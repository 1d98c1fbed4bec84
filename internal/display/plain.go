package display

import (
	"fmt"
	"io"
	"strings"
	"time"

	"github.com/dustin/go-humanize"

	"longhaul/internal/jobclient"
	"longhaul/job"
)

// plainInterval is the least time between two lines that say the same with other
// numbers.
const plainInterval = 5 * time.Second

// plain writes a line when something has changed.
type plain struct {
	w          io.Writer
	header     Header
	throughput Throughput
	begun      bool
	// unanswered counts snapshots in a row in which no worker answered.
	unanswered int
	// phase and reason are what was told, last the line of each kind.
	phase  job.Phase
	reason string
	last   map[string]string
	// at is when there was a line.
	at time.Time
}

func (p *plain) Update(s jobclient.Snapshot) {
	if !p.begun {
		p.begun, p.last = true, map[string]string{}
		p.print(s, "header", strings.Join(p.header.parts(), ", "))
	}
	p.throughput.Add(s)
	if s.Known {
		p.unanswered = 0
		if p.header.Output == "" && s.Output != "" {
			p.print(s, "output", "output "+s.Output)
		}
	} else if p.unanswered++; p.unanswered == leastUnanswered {
		p.print(s, "worker", p.header.noWorker(s))
	}
	if reason := reasonOf(s); reason != p.reason {
		p.reason = reason
		p.printProblem(s)
	}
	p.print(s, "stuck", stuckLine(s.Stuck))
	due := s.At.Sub(p.at) >= plainInterval
	if s.Known && (due || s.Phase != p.phase) {
		p.phase = s.Phase
		p.print(s, "progress", ProgressLine(s, &p.throughput))
	}
	if due {
		p.printProblem(s)
	}
}

func (p *plain) End(job.Summary, bool) {}

func (p *plain) printProblem(s jobclient.Snapshot) {
	text := s.Problem
	if s.Wait != nil {
		text = waitLine(s.Wait)
	}
	p.print(s, "problem", text)
}

// print writes a line, unless it is the last one of its kind again.
func (p *plain) print(s jobclient.Snapshot, kind, text string) {
	text = ascii(text)
	if text == "" || text == p.last[kind] {
		return
	}
	p.last[kind], p.at = text, s.At
	// Whoever closed the output does not want the line.
	_, _ = fmt.Fprintln(p.w, text)
}

// ascii has a question mark for all else: logs are read by whatever.
func ascii(text string) string {
	return strings.Map(func(r rune) rune {
		if r < ' ' || r > '~' {
			return '?'
		}
		return r
	}, text)
}

// ProgressLine is such as: running: 1,000 of 10,000 records (10.0 %), 400/s.
func ProgressLine(s jobclient.Snapshot, v *Throughput) string {
	if s.Records == 0 {
		return string(s.Phase)
	}
	done := v.Done(s)
	text := fmt.Sprintf("%s: %s of %s records (%s)", s.Phase, humanize.Comma(done), humanize.Comma(s.Records), job.Percent(done, s.Records))
	return strings.Join(append([]string{text}, figures(s, v)...), ", ")
}

// figures are those that are known.
func figures(s jobclient.Snapshot, v *Throughput) []string {
	var parts []string
	add := func(text string) {
		if text != "" {
			parts = append(parts, text)
		}
	}
	if rate := v.PerSecond(s); rate > 0 {
		add(rateText(rate))
	}
	if left := v.TimeLeft(s); left > 0 {
		add(leftText(left))
	}
	add(failedText(s))
	add(limitText(s))
	return parts
}
