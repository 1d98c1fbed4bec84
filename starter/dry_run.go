package main

import (
	"context"
	"io"
	"strings"

	"github.com/dustin/go-humanize"

	"longhaul/internal/dryrun"
	"longhaul/job"
)

// dryRecords is how many records a dry run shows.
const dryRecords = 3

// dryRun shows the first requests, and makes no call.
func dryRun(ctx context.Context, w io.Writer, spec job.Spec, env []string) error {
	previews, err := dryrun.Run(ctx, spec, env, dryRecords)
	if err != nil {
		return err
	}
	say(w, "dry run: no call was made, nothing was written")
	for _, p := range previews {
		say(w, "\nrecord %s: %s", humanize.Comma(p.Record.Index), shorten(string(p.Record.Value)))
		switch {
		case p.Err != nil:
			say(w, "  no call: %v", p.Err)
		case p.Request != nil:
			printRequest(w, *p.Request)
		default:
			say(w, "  call: %s", spec.Call)
		}
	}
	return nil
}

// printRequest shows a request as HTTP writes it, indented.
func printRequest(w io.Writer, r job.HTTPRequest) {
	say(w, "  %s %s", r.Method, r.URL)
	for _, header := range r.Headers {
		say(w, "  %s", header)
	}
	if r.Body != "" {
		say(w, "\n  %s", strings.ReplaceAll(shorten(r.Body), "\n", "\n  "))
	}
}

// longestShown bounds a record or a body on the screen, in characters.
const longestShown = 1000

func shorten(text string) string {
	if runes := []rune(text); len(runes) > longestShown {
		return string(runes[:longestShown]) + "…"
	}
	return text
}
