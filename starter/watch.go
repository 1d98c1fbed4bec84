package main

import (
	"context"
	"encoding/json"

	"github.com/dustin/go-humanize"
	"github.com/spf13/cobra"
	"go.temporal.io/sdk/client"

	"longhaul/internal/connect"
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
			return withJob(cmd, flags, &args[0], func(c client.Client) error {
				s, err := look(ctx, c, args[0])
				if err != nil {
					return err
				}
				if asJSON {
					_, err := follow(ctx, c, args[0], jsonLines{json.NewEncoder(cmd.OutOrStdout())})
					if ctx.Err() != nil {
						return errInterrupted
					}
					return err
				}
				return watch(ctx, cmd, c, header{Job: args[0], Output: s.Output, Worker: workerCommand(flags, s.queue)})
			})
		},
	}
	cmd.Flags().BoolVar(&asJSON, "json", false, "write a line of JSON about twice a second")
	return cmd
}

// jsonLines is a display for programs.
type jsonLines struct{ *json.Encoder }

func (j jsonLines) update(s snapshot) {
	// Whoever closed the output does not want the line.
	_ = j.Encode(s.fields())
}

func (j jsonLines) end(summary job.Summary, finished bool) {
	if finished {
		_ = j.Encode(map[string]any{"status": "Completed", "summary": summary})
	}
}

func watch(ctx context.Context, cmd *cobra.Command, c client.Client, h header) error {
	summary, err := follow(ctx, c, h.Job, newDisplay(cmd.ErrOrStderr(), h))
	if ctx.Err() != nil {
		return errInterrupted
	}
	if err != nil {
		return err
	}
	say(cmd.OutOrStdout(), "%s records done: %s succeeded, %s failed, %s; answers in %s",
		humanize.Comma(summary.Records), humanize.Comma(summary.Succeeded), humanize.Comma(summary.Failed),
		callsMade(summary.Totals), summary.Output)
	if summary.Failed > 0 {
		say(cmd.OutOrStdout(), "to call the failed records again:\n  longhaul redrive %s", h.Job)
	}
	return mostFailed(summary)
}
