package main

import (
	"fmt"
	"io"
	"strings"
	"sync"
	"time"

	"longhaul/job"
)

// redrawInterval is how often time and size of the terminal are looked at.
const redrawInterval = 250 * time.Millisecond

// screen draws some lines in place, below a first line that stays. The cursor is
// below them and visible, the terminal in no special mode: whatever ends the
// program, kill -9 too, the shell goes on below the lines.
type screen struct {
	painter painter
	size    func() size
	style   style
	stop    chan struct{}
	stopped chan struct{}

	mu    sync.Mutex
	frame frame
}

func newScreen(w io.Writer, h header, size func() size, style style) *screen {
	// The first line does not change. It is no part of what is redrawn, so that it
	// may be as long as it is.
	if parts := h.parts(); len(parts) > 0 {
		_, _ = fmt.Fprintln(w, strings.Join(fold(parts, separator(style), size().width-1), "\n"))
	}
	d := &screen{
		painter: painter{w: w}, size: size, style: style, frame: frame{header: h},
		stop: make(chan struct{}), stopped: make(chan struct{}),
	}
	go d.redraw()
	return d
}

// redraw goes on without news: there are countdowns, and windows change.
func (d *screen) redraw() {
	defer close(d.stopped)
	ticker := time.NewTicker(redrawInterval)
	defer ticker.Stop()
	for {
		select {
		case <-ticker.C:
			d.draw(false)
		case <-d.stop:
			return
		}
	}
}

func (d *screen) draw(force bool) {
	size := d.size()
	d.mu.Lock()
	lines := d.frame.lines(time.Now(), min(size.width-1, frameWidth), d.style)
	d.mu.Unlock()
	// Lines that do not fit could not be reached any more.
	d.painter.paint(lines[:min(len(lines), max(1, size.height-1))], size, d.style.color, force)
}

func (d *screen) update(s snapshot) {
	d.mu.Lock()
	defer d.mu.Unlock()
	d.frame.update(s)
}

// end draws for the last time.
func (d *screen) end(summary job.Summary, finished bool) {
	close(d.stop)
	<-d.stopped
	d.mu.Lock()
	d.frame.end(summary, finished)
	d.mu.Unlock()
	d.draw(true)
}
