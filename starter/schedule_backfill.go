package main

import (
	"context"
	"time"

	"github.com/spf13/cobra"
	"go.temporal.io/sdk/client"

	"longhaul/internal/connect"
	"longhaul/internal/exitcode"
)

func scheduleBackfill(flags *connect.Flags) *cobra.Command {
	var from, to, overlap string
	cmd := &cobra.Command{
		Use:     "backfill NAME",
		Short:   "Start the jobs of a time that has passed",
		Example: `  longhaul schedule backfill nightly --from 2026-11-01T00:00:00Z --to 2026-11-04T00:00:00Z`,
		Args:    oneArgument("NAME"),
		RunE: func(cmd *cobra.Command, args []string) error {
			start, err := time.Parse(time.RFC3339, from)
			if err != nil {
				return exitcode.Usagef("--from: %q is not a time such as 2026-11-01T00:00:00Z", from)
			}
			end, err := time.Parse(time.RFC3339, to)
			if err != nil {
				return exitcode.Usagef("--to: %q is not a time such as 2026-11-04T00:00:00Z", to)
			}
			policy, err := overlapOf(overlap)
			if err != nil {
				return err
			}
			return withSchedule(cmd, flags, args[0], "backfilled", func(ctx context.Context, h client.ScheduleHandle) error {
				return h.Backfill(ctx, client.ScheduleBackfillOptions{Backfill: []client.ScheduleBackfill{{Start: start, End: end, Overlap: policy}}})
			})
		},
	}
	cmd.Flags().StringVar(&from, "from", "", "begin, such as 2026-11-01T00:00:00Z")
	cmd.Flags().StringVar(&to, "to", "", "end")
	cmd.Flags().StringVar(&overlap, "overlap", "buffer-all", "one after the other (buffer-all), or all at once (allow-all)")
	return cmd
}
