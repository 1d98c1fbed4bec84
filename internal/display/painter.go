package display

import (
	"fmt"
	"io"
	"slices"
	"strings"

	"github.com/mattn/go-runewidth"
)

// Control sequences of a terminal (ECMA-48 and DEC private modes).
const (
	// beginFrame and endFrame have the terminal show all at once, if it can, and
	// cut lines off at its border instead of breaking them: between its getting
	// narrower and our hearing of it a frame may be too wide.
	beginFrame = "\x1b[?2026h\x1b[?7l\r"
	endFrame   = "\x1b[?7h\x1b[?2026l"
	eraseRight = "\x1b[K"
	eraseBelow = "\x1b[J"
)

// painter redraws some lines in place, and leaves the cursor below them. Nothing
// else may write to the terminal meanwhile.
type painter struct {
	w io.Writer
	// drawn are the lines that are there, widths how long they are.
	drawn  []string
	widths []int
	size   size
}

// line is text and how it looks.
type line struct{ text, color string }

const (
	bold     = "\x1b[1m"
	red      = "\x1b[31m"
	yellow   = "\x1b[33m"
	noColors = "\x1b[0m"
)

// paint replaces the lines by others. If they are the same nothing is written,
// but if it is forced: somebody may have typed into them.
func (p *painter) paint(lines []line, size size, colors, force bool) {
	texts, widths := make([]string, len(lines)), make([]int, len(lines))
	for i, l := range lines {
		widths[i] = runewidth.StringWidth(l.text)
		if texts[i] = l.text; colors && l.color != "" {
			texts[i] = l.color + l.text + noColors
		}
	}
	if !force && size == p.size && slices.Equal(texts, p.drawn) {
		return
	}
	var b strings.Builder
	b.WriteString(beginFrame)
	if up := p.rows(size.width); up > 0 {
		fmt.Fprintf(&b, "\x1b[%dA", up)
	}
	for _, text := range texts {
		b.WriteString(text + eraseRight + "\r\n")
	}
	// Never from the first line of the screen: tmux would take that for a clear, and
	// keep what was there in its history.
	b.WriteString(eraseBelow + endFrame)
	p.drawn, p.widths, p.size = texts, widths, size
	// Whoever closed the output does not want the lines.
	_, _ = io.WriteString(p.w, b.String())
}

// rows is how many rows the lines take now: a terminal that has become narrower
// has broken those that are too long.
func (p *painter) rows(width int) (rows int) {
	for _, w := range p.widths {
		rows += max(1, (w+width-1)/width)
	}
	return rows
}
