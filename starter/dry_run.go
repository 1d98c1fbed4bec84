package main

import (
	"context"
	"fmt"
	"io"

	"github.com/dustin/go-humanize"

	"longhaul/internal/display"
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
	fmt.Fprintf(w, "dry run: no call was made, nothing was written\n")
	for _, p := range previews {
		fmt.Fprintf(w, "\nrecord %s: %s\n", humanize.Comma(p.Record.Index), display.Shorten(string(p.Record.Value)))
		switch {
		case p.Err != nil:
			fmt.Fprintf(w, "  no call: %v\n", p.Err)
		case p.Request != nil:
			display.Request(w, *p.Request)
		default:
			fmt.Fprintf(w, "  call: %s\n", spec.Call)
		}
	}
	return nil
}
