package main

import (
	"io"
	"os"
	"strings"

	"golang.org/x/term"

	"longhaul/job"
)

// display shows snapshots.
type display interface {
	update(s snapshot)
	end(summary job.Summary, finished bool)
}

// header is what the first line says; what is empty is left out.
type header struct {
	Job, Output, UI string
	// Told: somebody has said it already.
	Told bool
	// Worker is the command that starts a worker for the job; empty if the
	// program has one.
	Worker string
}

// newDisplay draws a screen on a terminal, and writes plain lines elsewhere.
func newDisplay(w io.Writer, h header) display {
	file, ok := w.(*os.File)
	if !ok || !term.IsTerminal(int(file.Fd())) || os.Getenv("TERM") == "dumb" {
		return &plain{w: w, header: h}
	}
	return newScreen(file, h, look80(file), styleFrom(os.Getenv))
}

// size is that of a terminal.
type size struct{ width, height int }

// look80 asks the terminal each time; one that does not know has 80 columns.
func look80(file *os.File) func() size {
	return func() size {
		width, height, err := term.GetSize(int(file.Fd()))
		if err != nil || width <= 0 || height <= 0 {
			return size{80, 24}
		}
		return size{width, height}
	}
}

// style is what a terminal can show.
type style struct{ color, unicode bool }

// styleFrom reads the environment as other programs do: see no-color.org.
func styleFrom(getenv func(string) string) style {
	locale := getenv("LC_ALL")
	for _, name := range []string{"LC_CTYPE", "LANG"} {
		if locale == "" {
			locale = getenv(name)
		}
	}
	locale = strings.ToLower(locale)
	return style{
		color:   getenv("NO_COLOR") == "",
		unicode: strings.Contains(locale, "utf-8") || strings.Contains(locale, "utf8"),
	}
}

// parts are the parts of the first line.
func (h header) parts() []string {
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
func (h header) noWorker(s snapshot) string {
	if s.known || h.Worker == "" {
		return ""
	}
	return noWorkerText(s.queue, h.Worker)
}
