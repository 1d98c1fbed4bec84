package display

import (
	"fmt"
	"io"
	"strings"

	"longhaul/job"
)

// Request prints a request as HTTP writes it, indented.
func Request(w io.Writer, r job.HTTPRequest) {
	fmt.Fprintf(w, "  %s %s\n", r.Method, r.URL)
	for _, header := range r.Headers {
		fmt.Fprintf(w, "  %s\n", header)
	}
	if r.Body != "" {
		fmt.Fprintf(w, "\n  %s\n", strings.ReplaceAll(Shorten(r.Body), "\n", "\n  "))
	}
}

// longestShown bounds a record or a body on the screen, in characters.
const longestShown = 1000

// Shorten cuts a long record or body off.
func Shorten(text string) string {
	if runes := []rune(text); len(runes) > longestShown {
		return string(runes[:longestShown]) + "…"
	}
	return text
}
