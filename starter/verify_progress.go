package main

import (
	"fmt"
	"io"
	"os"
	"time"

	"github.com/dustin/go-humanize"
	"golang.org/x/term"
)

// verifyProgressInterval is how often the line is drawn.
const verifyProgressInterval = 200 * time.Millisecond

// verifyProgress is a line that says how far verify is, on a terminal only.
type verifyProgress struct {
	w     io.Writer
	drawn time.Time
}

func newVerifyProgress(w io.Writer) *verifyProgress {
	if file, ok := w.(*os.File); !ok || !term.IsTerminal(int(file.Fd())) || os.Getenv("TERM") == "dumb" {
		w = nil
	}
	return &verifyProgress{w: w, drawn: time.Now()}
}

func (p *verifyProgress) report(records int64) {
	if p.w == nil || time.Since(p.drawn) < verifyProgressInterval {
		return
	}
	p.drawn = time.Now()
	fmt.Fprintf(p.w, "\r%s records checked\x1b[K", humanize.Comma(records))
}

// end takes the line away.
func (p *verifyProgress) end() {
	if p.w != nil {
		fmt.Fprint(p.w, "\r\x1b[K")
	}
}
