package display

import (
	"fmt"
	"io"
	"strings"
	"sync"
	"time"

	"longhaul/internal/jobclient"
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

func newScreen(w io.Writer, h Header, size func() size, style style) *screen {
	// The first line does not change. It is no part of what is redrawn, so that it
	// may be as long as it is.
	if parts := h.parts(); len(parts) > 0 {
		_, _ = fmt.Fprintln(w, strings.Join(joinParts(parts, separator(style), size().width-1), "\n"))
	}
	c := &screen{
		painter: painter{w: w}, size: size, style: style, frame: frame{header: h},
		stop: make(chan struct{}), stopped: make(chan struct{}),
	}
	go c.redraw()
	return c
}

// redraw goes on without news: there are countdowns, and windows change.
func (c *screen) redraw() {
	defer close(c.stopped)
	ticker := time.NewTicker(redrawInterval)
	defer ticker.Stop()
	for {
		select {
		case <-ticker.C:
			c.draw(false)
		case <-c.stop:
			return
		}
	}
}

func (c *screen) draw(force bool) {
	size := c.size()
	c.mu.Lock()
	lines := c.frame.lines(time.Now(), min(size.width-1, frameWidth), c.style)
	c.mu.Unlock()
	// Lines that do not fit could not be reached any more.
	c.painter.paint(lines[:min(len(lines), max(1, size.height-1))], size, c.style.color, force)
}

func (c *screen) Update(s jobclient.Snapshot) {
	c.mu.Lock()
	defer c.mu.Unlock()
	c.frame.update(s)
}

// end draws for the last time.
func (c *screen) End(summary job.Summary, finished bool) {
	close(c.stop)
	<-c.stopped
	c.mu.Lock()
	c.frame.end(summary, finished)
	c.mu.Unlock()
	c.draw(true)
}
