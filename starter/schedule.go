package main

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"strings"
	"time"

	"github.com/spf13/cobra"
	enumspb "go.temporal.io/api/enums/v1"
	"go.temporal.io/api/serviceerror"
	"go.temporal.io/sdk/client"
	"go.temporal.io/sdk/temporal"

	"longhaul/internal/connect"
	"longhaul/job"
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

// overlaps are the names of Temporal's overlap policies.
var overlaps = map[string]enumspb.ScheduleOverlapPolicy{
	"skip":            enumspb.SCHEDULE_OVERLAP_POLICY_SKIP,
	"buffer-one":      enumspb.SCHEDULE_OVERLAP_POLICY_BUFFER_ONE,
	"buffer-all":      enumspb.SCHEDULE_OVERLAP_POLICY_BUFFER_ALL,
	"cancel-other":    enumspb.SCHEDULE_OVERLAP_POLICY_CANCEL_OTHER,
	"terminate-other": enumspb.SCHEDULE_OVERLAP_POLICY_TERMINATE_OTHER,
	"allow-all":       enumspb.SCHEDULE_OVERLAP_POLICY_ALLOW_ALL,
}

func overlapOf(name string) (enumspb.ScheduleOverlapPolicy, error) {
	policy, ok := overlaps[name]
	if !ok {
		names := make([]string, 0, len(overlaps))
		for name := range overlaps {
			names = append(names, name)
		}
		slices.Sort(names)
		return policy, &usageError{fmt.Errorf("--overlap: %q is not one of %s", name, strings.Join(names, ", "))}
	}
	return policy, nil
}

func scheduleCreate(flags *connect.Flags) *cobra.Command {
	var fields specFlags
	var crons []string
	var overlap, zone, queue string
	var jitter time.Duration
	cmd := &cobra.Command{
		Use:   "create NAME SPEC",
		Short: "Create a schedule",
		Example: `  longhaul schedule create nightly job.yaml --cron "0 3 * * *"
  longhaul schedule create hourly job.yaml --cron "0 * * * *" --overlap buffer-one --jitter 5m`,
		Args: twoArguments("NAME", "SPEC"),
		RunE: func(cmd *cobra.Command, args []string) error {
			name := args[0]
			spec, err := fields.load(cmd, args[1])
			if err != nil {
				return err
			}
			policy, err := overlapOf(overlap)
			if err != nil {
				return err
			}
			if len(crons) == 0 {
				return &usageError{errors.New(`create needs --cron, such as "0 3 * * *" for three o'clock every night`)}
			}
			if !spec.HasPlaceholder() {
				say(cmd.ErrOrStderr(), "note: output.uri has no {scheduled_time}: every run writes to the same folder, and finds there what is done already")
			}
			return withClient(cmd.Context(), flags, func(c client.Client) error {
				_, err := c.ScheduleClient().Create(cmd.Context(), client.ScheduleOptions{
					ID: name, Overlap: policy,
					Spec: client.ScheduleSpec{CronExpressions: crons, Jitter: jitter, TimeZoneName: zone},
					Action: &client.ScheduleWorkflowAction{
						ID: name, Workflow: job.WorkflowType, Args: []any{spec}, TaskQueue: queue,
						Memo: map[string]any{memoSpec: spec}, StaticSummary: summaryOf(spec), StaticDetails: detailsOf(spec),
					},
				})
				if errors.Is(err, temporal.ErrScheduleAlreadyRunning) {
					return fmt.Errorf("there is a schedule %s already; delete it first: longhaul schedule delete %s", name, name)
				}
				if err == nil {
					say(cmd.OutOrStdout(), "created %s; its jobs are named %s-<time>", name, name)
				}
				return err
			})
		},
	}
	fields.register(cmd)
	cmd.Flags().StringArrayVar(&crons, "cron", nil, `when, such as "0 3 * * *" or "@hourly"; may be repeated`)
	cmd.Flags().StringVar(&overlap, "overlap", "skip", "what to do when the last run has not ended: skip, buffer-one, buffer-all, cancel-other, terminate-other, allow-all")
	cmd.Flags().DurationVar(&jitter, "jitter", 0, "start up to this much later, at random")
	cmd.Flags().StringVar(&zone, "time-zone", "", `of the cron expression, such as "Europe/Berlin" (default: UTC)`)
	cmd.Flags().StringVar(&queue, "task-queue", job.TaskQueue, "Temporal task queue")
	return cmd
}

func scheduleList(flags *connect.Flags) *cobra.Command {
	return &cobra.Command{
		Use:     "list",
		Short:   "List the schedules of the namespace that start jobs",
		Example: `  longhaul schedule list`,
		Args:    cobra.NoArgs,
		RunE: func(cmd *cobra.Command, _ []string) error {
			return withClient(cmd.Context(), flags, func(c client.Client) error {
				schedules, err := c.ScheduleClient().List(cmd.Context(), client.ScheduleListOptions{})
				if err != nil {
					return err
				}
				for schedules.HasNext() {
					s, err := schedules.Next()
					if err != nil {
						return err
					}
					if s.WorkflowType.Name == job.WorkflowType {
						say(cmd.OutOrStdout(), "%s", scheduleLine(s))
					}
				}
				return nil
			})
		},
	}
}

func scheduleLine(s *client.ScheduleListEntry) string {
	line := s.ID
	if s.Paused {
		line += "  paused"
	}
	if len(s.NextActionTimes) > 0 {
		line += "  next " + s.NextActionTimes[0].Local().Format(time.DateTime)
	}
	if n := len(s.RecentActions); n > 0 {
		last := s.RecentActions[n-1]
		line += "  last " + last.ActualTime.Local().Format(time.DateTime)
		if last.StartWorkflowResult != nil {
			line += " (" + last.StartWorkflowResult.WorkflowID + ")"
		}
	}
	return line
}

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
				return &usageError{fmt.Errorf("--from: %q is not a time such as 2026-11-01T00:00:00Z", from)}
			}
			end, err := time.Parse(time.RFC3339, to)
			if err != nil {
				return &usageError{fmt.Errorf("--to: %q is not a time such as 2026-11-04T00:00:00Z", to)}
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

func withSchedule(cmd *cobra.Command, flags *connect.Flags, name, done string, act func(context.Context, client.ScheduleHandle) error) error {
	return withClient(cmd.Context(), flags, func(c client.Client) error {
		err := act(cmd.Context(), c.ScheduleClient().GetHandle(cmd.Context(), name))
		var missing *serviceerror.NotFound
		if errors.As(err, &missing) {
			return fmt.Errorf("there is no schedule %s; see longhaul schedule list", name)
		}
		if err == nil {
			say(cmd.OutOrStdout(), "%s %s", name, done)
		}
		return err
	})
}
