package main

import (
	"context"
	"errors"
	"io"
	"io/fs"
	"os"
	"path/filepath"

	"github.com/dustin/go-humanize"

	"longhaul/internal/inspect"
	"longhaul/job"
)

// standing is what an output folder tells of a job that nobody works on.
type standing struct {
	records, done int64
	finished      bool
	// stop is why it was stopped by what its calls came to; nil if it was not.
	stop *job.StopError
}

// standingOf reads an output folder; nil if it holds no job.
func standingOf(ctx context.Context, output string) (s *standing, err error) {
	if _, err := os.Stat(filepath.Join(output, "_longhaul", "job.json")); errors.Is(err, fs.ErrNotExist) {
		return nil, nil
	}
	folder, err := inspect.Open(ctx, output)
	if err != nil {
		return nil, err
	}
	defer func() { err = errors.Join(err, folder.Close()) }()
	s = &standing{records: folder.Manifest.Records()}
	_, totals, err := folder.Checkpoint(ctx)
	if err != nil {
		return nil, err
	}
	s.done = totals.Done()
	if _, s.finished, err = folder.Succeeded(ctx); err != nil {
		return nil, err
	}
	s.stop, err = folder.Stopped(ctx)
	return s, err
}

// printFirstFailure shows the call for which a job was stopped, if there is one.
func printFirstFailure(w io.Writer, stop *job.StopError) {
	if stop == nil || stop.Failure.Kind == "" {
		return
	}
	say(w, "the first call that failed, for record %s: %s", humanize.Comma(stop.Index), stop.Failure.Error())
	if stop.Request != nil {
		printRequest(w, *stop.Request)
	}
}
