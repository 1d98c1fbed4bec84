package display

import (
	"math"
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

// joinParts joins parts to lines of that width. A part that is longer has a line of
// its own.
func joinParts(parts []string, between string, width int) []string {
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

// wrapAtMost breaks a text into lines, between words where it can; the last one ends in
// an ellipsis if there are more.
func wrapAtMost(text string, width, most int) []string {
	var lines []string
	line := ""
	for _, word := range strings.Fields(text) {
		if line != "" && runewidth.StringWidth(line+" "+word) > width {
			lines, line = append(lines, line), ""
		}
		for runewidth.StringWidth(word) > width {
			piece := runewidth.Truncate(word, width, "")
			lines, word = append(lines, piece), word[len(piece):]
		}
		line = strings.TrimPrefix(line+" "+word, " ")
	}
	lines = append(lines, line)
	if len(lines) > most {
		lines = lines[:most]
		lines[most-1] = runewidth.Truncate(lines[most-1], width-2, "") + " …"
	}
	return lines
}

// wrap is without an end.
func wrap(text string, width int) []string { return wrapAtMost(text, width, math.MaxInt) }

// oneLine has no line feeds, and nothing that moves a terminal's cursor.
func oneLine(text string) string {
	return strings.Join(strings.FieldsFunc(text, func(r rune) bool { return r < ' ' || r == 0x7f || r == ' ' }), " ")
}
