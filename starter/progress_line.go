package main

import (
	"fmt"
	"io"
	"os"
	"time"

	"github.com/dustin/go-humanize"
	"golang.org/x/term"
)

// progressInterval is how often the line is drawn.
const progressInterval = 200 * time.Millisecond

// progressLine says how many records were read, on a terminal only.
type progressLine struct {
	w io.Writer
	// done is what was done with them.
	done  string
	drawn time.Time
}

func newProgressLine(w io.Writer, done string) *progressLine {
	if file, ok := w.(*os.File); !ok || !term.IsTerminal(int(file.Fd())) || os.Getenv("TERM") == "dumb" {
		w = nil
	}
	return &progressLine{w: w, done: done, drawn: time.Now()}
}

func (p *progressLine) report(records int64) {
	if p.w == nil || time.Since(p.drawn) < progressInterval {
		return
	}
	p.drawn = time.Now()
	fmt.Fprintf(p.w, "\r%s records %s\x1b[K", humanize.Comma(records), p.done)
}

// end takes the line away.
func (p *progressLine) end() {
	if p.w != nil {
		fmt.Fprint(p.w, "\r\x1b[K")
	}
}
