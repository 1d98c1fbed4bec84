package display

import (
	"io"
	"os"

	"golang.org/x/term"

	"longhaul/internal/jobclient"
)

// Header is the content of the first line; empty fields are left out.
type Header struct {
	Job, Output, UI string
	// Told says that the user knows it already: then there is no first line.
	Told bool
	// Worker is the command that starts a worker for the job; empty if the
	// program has one.
	Worker string
}

// New draws a screen on a terminal, and writes plain lines elsewhere. A display whose End is
// called must not be used any more.
func New(w io.Writer, h Header) jobclient.Display {
	file, ok := w.(*os.File)
	if !ok || !term.IsTerminal(int(file.Fd())) || os.Getenv("TERM") == "dumb" {
		return &plain{w: w, header: h}
	}
	return newScreen(file, h, sizeOf(file), styleFrom(os.Getenv))
}

// parts are the parts of the first line.
func (h Header) parts() []string {
	if h.Told {
		return nil
	}
	var parts []string
	for _, p := range []struct{ name, value string }{{"job", h.Job}, {"output", h.Output}, {"Web UI", h.UI}} {
		if p.value != "" {
			parts = append(parts, p.name+" "+p.value)
		}
	}
	return parts
}

// noWorker says what a job waits for that nobody works on.
func (h Header) noWorker(s jobclient.Snapshot) string {
	if s.Known || h.Worker == "" {
		return ""
	}
	return noWorkerText(s.Queue, h.Worker)
}
