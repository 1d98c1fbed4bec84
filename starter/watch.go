package main

import (
	"errors"
	"fmt"
	"io"

	"encoding/json"

	"github.com/dustin/go-humanize"
	"github.com/spf13/cobra"

	"longhaul/internal/connect"
	"longhaul/internal/display"
	"longhaul/internal/exitcode"
	"longhaul/internal/jobclient"
	"longhaul/job"
)

func watchCommand(flags *connect.Flags) *cobra.Command {
	var asJSON bool
	cmd := &cobra.Command{
		Use:   "watch OUT|ID",
		Short: "Follow a job until it ends",
		Long: `Follow a job until it ends: a screen that is redrawn in place, or lines where there
is no terminal. Ctrl-C ends watching, not the job. The exit code is that of the job.`,
		Example: `  longhaul watch out
  longhaul watch nightly
  longhaul watch nightly --json | jq .progress.rate`,
		Args: oneArgument("OUT or ID"),
		RunE: func(cmd *cobra.Command, args []string) error {
			ctx, stop := interruptible(cmd.Context(), cmd.ErrOrStderr())
			defer stop()
			cmd.SetContext(ctx)
			return watch(cmd, flags, args[0], asJSON)
		},
	}
	cmd.Flags().BoolVar(&asJSON, "json", false, "write a line of JSON about twice a second")
	return cmd
}

func watch(cmd *cobra.Command, flags *connect.Flags, target string, asJSON bool) error {
	ctx := cmd.Context()
	j, err := jobclient.Find(ctx, *flags, target)
	var idle *jobclient.NotRunningError
	if errors.As(err, &idle) && idle.Finished() && !asJSON {
		display.NotRunning(cmd.OutOrStdout(), idle)
		return nil
	}
	if err != nil {
		return err
	}
	defer j.Close()
	s, err := jobclient.Describe(ctx, j, j.ID)
	if err != nil {
		return err
	}
	var show jobclient.Display = jsonLines{json.NewEncoder(cmd.OutOrStdout())}
	if !asJSON {
		show = display.New(cmd.ErrOrStderr(), display.Header{Job: j.ID, Output: s.Output, Worker: jobclient.WorkerCommand(*flags, s.Queue)})
	}
	summary, err := jobclient.Follow(ctx, j, j.ID, show)
	switch {
	case ctx.Err() != nil:
		return exitcode.ErrInterrupted
	case err != nil || asJSON:
		return err
	}
	printWatched(cmd.OutOrStdout(), summary, jobclient.RedriveCommand(j.ID, s.Queue, summary.Output, *flags))
	return exitcode.OfSummary(summary)
}

func printWatched(w io.Writer, summary job.Summary, redrive string) {
	fmt.Fprintf(w, "%s records done: %s succeeded, %s failed, %s; answers in %s\n",
		humanize.Comma(summary.Records), humanize.Comma(summary.Succeeded), humanize.Comma(summary.Failed),
		display.CallsMade(summary.Totals), summary.Output)
	if summary.Failed > 0 {
		fmt.Fprintf(w, "to call the failed records again:\n  %s\n", redrive)
	}
}

// jsonLines is a display for programs.
type jsonLines struct{ *json.Encoder }

func (j jsonLines) Update(s jobclient.Snapshot) {
	// Whoever closed the output does not want the line.
	_ = j.Encode(s.Fields())
}

func (j jsonLines) End(summary job.Summary, finished bool) {
	if finished {
		_ = j.Encode(map[string]any{"status": "Completed", "summary": summary})
	}
}
