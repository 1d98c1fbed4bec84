package jobclient

import (
	"context"
	"fmt"
	"path/filepath"

	"github.com/dustin/go-humanize"

	"longhaul/internal/runfile"
	"longhaul/job"
)

// NotRunningError is about the job of an output folder that no longhaul run works on now.
type NotRunningError struct {
	Output string
	// Reason is such as: no longhaul run works on it now.
	Reason string
	// Resume is the command that goes on with the job.
	Resume string
	// Folder is nil if there is no job.json yet.
	Folder *FolderSummary
}

// notRunning reads the folder; its error may be another one.
func notRunning(ctx context.Context, output string, run runfile.File, reason string) error {
	summary, err := SummarizeFolder(ctx, output)
	if err != nil {
		return err
	}
	return &NotRunningError{Output: output, Reason: reason, Resume: run.ResumeCommand(), Folder: summary}
}

func (e *NotRunningError) Error() string {
	switch {
	case e.Folder == nil:
		return fmt.Sprintf("%s: %s, and no record is committed; go on with: %s", e.Output, e.Reason, e.Resume)
	case e.Finished():
		return fmt.Sprintf("%s: the job has finished, all %s records are committed; see %s, or prove it with: longhaul verify %s",
			e.Output, humanize.Comma(e.Folder.Records), filepath.Join(e.Output, "report.html"), job.ShellQuote(e.Output))
	}
	return fmt.Sprintf("%s: %s; %s of %s records are committed, go on with: %s",
		e.Output, e.Reason, humanize.Comma(e.Folder.Committed), humanize.Comma(e.Folder.Records), e.Resume)
}

// Finished says whether the job has done all.
func (e *NotRunningError) Finished() bool { return e.Folder != nil && e.Folder.Finished }

// StartingError is about the job of an output folder that a longhaul run is starting now.
type StartingError struct{ Output, Reason string }

func (e *StartingError) Error() string {
	return fmt.Sprintf("%s: a longhaul run is starting, and %s; give this command again in some seconds", e.Output, e.Reason)
}
