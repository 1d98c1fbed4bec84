package main

import (
	"strings"

	"github.com/mattn/go-runewidth"
)

func separator(s style) string {
	if s.unicode {
		return " · "
	}
	return ", "
}

func nonEmpty(texts ...string) []string {
	var kept []string
	for _, text := range texts {
		if text != "" {
			kept = append(kept, text)
		}
	}
	return kept
}

// fold joins parts to lines of that width. A part that is longer has a line of
// its own.
func fold(parts []string, between string, width int) []string {
	var lines []string
	for _, part := range parts {
		last := len(lines) - 1
		if last >= 0 && runewidth.StringWidth(lines[last]+between+part) <= width {
			lines[last] += between + part
		} else {
			lines = append(lines, part)
		}
	}
	return lines
}

// wrap breaks a text between its words; a word that is longer is cut.
func wrap(text string, width int) []string {
	return fold(strings.Fields(text), " ", width)
}

// barText is a bar with a percentage. What an earlier run has done is lighter.
func barText(skipped, done, records int64, width int, s style) string {
	filled, before, open := "█", "▒", "░"
	if !s.unicode {
		filled, before, open = "#", "+", "-"
	}
	share := percent(done, records)
	room := max(1, width-len("100 %")-3)
	cells := func(n int64) int { return int(float64(room) * float64(n) / float64(records)) }
	old, all := cells(min(skipped, done)), cells(done)
	return strings.Repeat(before, old) + strings.Repeat(filled, all-old) + strings.Repeat(open, room-all) + " " + share
}
