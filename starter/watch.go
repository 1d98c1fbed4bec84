package main

import (
	"context"

	"github.com/dustin/go-humanize"
	"github.com/spf13/cobra"
	"go.temporal.io/sdk/client"

	"longhaul/internal/connect"
)

func watchCommand(flags *connect.Flags) *cobra.Command {
	return &cobra.Command{
		Use:   "watch ID",
		Short: "Follow a job until it ends",
		Long: `Follow a job until it ends. Ctrl-C ends watching, not the job.
The exit code is that of the job.`,
		Example: `  longhaul watch nightly`,
		Args:    oneArgument("ID"),
		RunE: func(cmd *cobra.Command, args []string) error {
			ctx, stop := interruptible(cmd.Context(), cmd.ErrOrStderr())
			defer stop()
			return withClient(ctx, flags, func(c client.Client) error {
				if _, err := look(ctx, c, args[0]); err != nil {
					return err
				}
				return watch(ctx, cmd, c, args[0])
			})
		},
	}
}

func watch(ctx context.Context, cmd *cobra.Command, c client.Client, id string) error {
	summary, err := follow(ctx, c, id, newDisplay(cmd.ErrOrStderr()))
	if ctx.Err() != nil {
		return errInterrupted
	}
	if err == nil {
		say(cmd.OutOrStdout(), "%s records done: %s succeeded, %s failed, %s calls made; answers in %s",
			humanize.Comma(summary.Records), humanize.Comma(summary.Succeeded), humanize.Comma(summary.Failed),
			humanize.Comma(summary.Attempts), summary.Output)
	}
	return err
}
