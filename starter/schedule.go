package main

import (
	"context"
	"errors"
	"fmt"
	"strings"

	"github.com/spf13/cobra"
	"go.temporal.io/api/serviceerror"
	"go.temporal.io/sdk/client"

	"longhaul/internal/connect"
	"longhaul/internal/jobclient"
)

func scheduleCommand(flags *connect.Flags) *cobra.Command {
	cmd := &cobra.Command{
		Use:   "schedule",
		Short: "Start a job again and again, at set times",
		Long: `Start a job again and again, at set times. The server keeps the schedule; workers on
the task queue do the work. {scheduled_time} and {workflow_id} in output.uri give every
run a folder of its own, and {scheduled_time} in input.uri an input of its own.`,
		Example: `  longhaul schedule create nightly job.yaml --cron "0 3 * * *" --time-zone Europe/Berlin
  longhaul schedule list
  longhaul schedule backfill nightly --from 2026-11-01T00:00:00Z --to 2026-11-04T00:00:00Z`,
	}
	cmd.AddCommand(
		scheduleCreate(flags), scheduleList(flags), scheduleBackfill(flags),
		scheduleAct(flags, "pause", "Start nothing until the schedule is resumed", func(ctx context.Context, h client.ScheduleHandle) error {
			return h.Pause(ctx, client.SchedulePauseOptions{})
		}),
		scheduleAct(flags, "resume", "Go on with a schedule that is paused", func(ctx context.Context, h client.ScheduleHandle) error {
			return h.Unpause(ctx, client.ScheduleUnpauseOptions{})
		}),
		scheduleAct(flags, "trigger", "Start the job now", func(ctx context.Context, h client.ScheduleHandle) error {
			return h.Trigger(ctx, client.ScheduleTriggerOptions{})
		}),
		scheduleAct(flags, "delete", "Delete a schedule; jobs that it started go on", func(ctx context.Context, h client.ScheduleHandle) error {
			return h.Delete(ctx)
		}),
	)
	return cmd
}

func scheduleAct(flags *connect.Flags, verb, short string, act func(context.Context, client.ScheduleHandle) error) *cobra.Command {
	return &cobra.Command{
		Use:     verb + " NAME",
		Short:   short,
		Example: "  longhaul schedule " + verb + " nightly",
		Args:    oneArgument("NAME"),
		RunE: func(cmd *cobra.Command, args []string) error {
			return withSchedule(cmd, flags, args[0], strings.TrimSuffix(verb, "e")+"ed", act)
		},
	}
}

// withSchedule does something with a schedule and says that it is done.
func withSchedule(cmd *cobra.Command, flags *connect.Flags, name, done string, act func(context.Context, client.ScheduleHandle) error) error {
	c, err := jobclient.Connect(cmd.Context(), *flags)
	if err != nil {
		return err
	}
	defer c.Close()
	err = act(cmd.Context(), c.ScheduleClient().GetHandle(cmd.Context(), name))
	var missing *serviceerror.NotFound
	if errors.As(err, &missing) {
		return fmt.Errorf("there is no schedule %s; see longhaul schedule list%s", name, jobclient.FlagText(*flags))
	}
	if err == nil {
		fmt.Fprintf(cmd.OutOrStdout(), "%s %s\n", name, done)
	}
	return err
}
