package main

import (
	"fmt"
	"io"
	"strings"
	"time"

	"github.com/dustin/go-humanize"

	"longhaul/job"
)

// plainInterval is the least time between two lines that say the same with other
// numbers.
const plainInterval = 5 * time.Second

// plain writes a line when something has changed.
type plain struct {
	w      io.Writer
	header header
	speed  speed
	begun  bool
	// unanswered counts looks in a row at a job that no worker answers for.
	unanswered int
	// phase and reason are what was told, last the line of each kind.
	phase  job.Phase
	reason string
	last   map[string]string
	// at is when there was a line.
	at time.Time
}

func (p *plain) update(s snapshot) {
	if !p.begun {
		p.begun, p.last = true, map[string]string{}
		p.print(s, "header", strings.Join(p.header.parts(), ", "))
	}
	p.speed.add(s)
	if s.known {
		p.unanswered = 0
		if p.header.Output == "" && s.Output != "" {
			p.print(s, "output", "output "+s.Output)
		}
	} else if p.unanswered++; p.unanswered == doubted {
		p.print(s, "worker", p.header.noWorker(s))
	}
	if reason := s.reason(); reason != p.reason {
		p.reason = reason
		p.printTrouble(s)
	}
	p.print(s, "stuck", stuckLine(s.Stuck))
	due := s.at.Sub(p.at) >= plainInterval
	if s.known && (due || s.Phase != p.phase) {
		p.phase = s.Phase
		p.print(s, "progress", progressLine(s, &p.speed))
	}
	if due {
		p.printTrouble(s)
	}
}

func (p *plain) end(job.Summary, bool) {}

func (p *plain) printTrouble(s snapshot) {
	text := s.trouble
	if s.wait != nil {
		text = waitLine(s.wait)
	}
	p.print(s, "trouble", text)
}

// print writes a line, unless it is the last one of its kind again.
func (p *plain) print(s snapshot, kind, text string) {
	text = ascii(text)
	if text == "" || text == p.last[kind] {
		return
	}
	p.last[kind], p.at = text, s.at
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

func progressLine(s snapshot, v *speed) string {
	if s.Records == 0 {
		return string(s.Phase)
	}
	done := v.done(s)
	text := fmt.Sprintf("%s: %s of %s records (%s)", s.Phase, humanize.Comma(done), humanize.Comma(s.Records), job.Percent(done, s.Records))
	return strings.Join(append([]string{text}, figures(s, v)...), ", ")
}

// figures are those that are known.
func figures(s snapshot, v *speed) []string {
	var parts []string
	add := func(text string) {
		if text != "" {
			parts = append(parts, text)
		}
	}
	if rate := v.perSecond(s); rate > 0 {
		add(rateText(rate))
	}
	if left := v.left(s); left > 0 {
		add(leftText(left))
	}
	add(failedText(s))
	add(limitText(s))
	return parts
}
