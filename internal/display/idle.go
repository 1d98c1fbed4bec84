package display

import (
	"fmt"
	"io"
	"time"

	"github.com/dustin/go-humanize"

	"longhaul/internal/jobclient"
	"longhaul/job"
)

// NotRunning prints the state of a job that no run works on, and the command that goes on
// with it. The folder of the error must not be nil.
func NotRunning(w io.Writer, idle *jobclient.NotRunningError) {
	if idle.Finished() {
		fmt.Fprintln(w, idle)
		return
	}
	fmt.Fprintf(w, "%s: %s; %s of %s records are committed\n", idle.Output, idle.Reason, humanize.Comma(idle.Folder.Committed), humanize.Comma(idle.Folder.Records))
	if stop := idle.Folder.Stop; stop != nil {
		fmt.Fprintf(w, "stopped at %s: %s\n", stop.At.Local().Format(time.DateTime), stop.Reason)
		FirstFailure(w, stop)
	}
	fmt.Fprintf(w, "go on with: %s\n", idle.Resume)
}

// FirstFailure prints the call for which a job was stopped, if there is one.
func FirstFailure(w io.Writer, stop *job.StopError) {
	if stop == nil || stop.Failure.Kind == "" {
		return
	}
	fmt.Fprintf(w, "the first call that failed, for record %s: %s\n", humanize.Comma(stop.Index), stop.Failure.Error())
	if stop.Request != nil {
		Request(w, *stop.Request)
	}
}
