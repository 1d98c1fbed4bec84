package main

import (
	"errors"
	"fmt"
	"slices"
	"strings"
	"time"

	"github.com/spf13/cobra"
	enumspb "go.temporal.io/api/enums/v1"
	"go.temporal.io/sdk/client"
	"go.temporal.io/sdk/temporal"

	"longhaul/internal/connect"
	"longhaul/internal/exitcode"
	"longhaul/internal/jobclient"
	"longhaul/internal/specfile"
	"longhaul/job"
)

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
		return policy, exitcode.Usagef("--overlap: %q is not one of %s", name, strings.Join(names, ", "))
	}
	return policy, nil
}

// scheduleOptions are the flags of schedule create.
type scheduleOptions struct {
	fields               specfile.Flags
	crons                []string
	overlap, zone, queue string
	jitter               time.Duration
}

func scheduleCreate(flags *connect.Flags) *cobra.Command {
	var o scheduleOptions
	cmd := &cobra.Command{
		Use:   "create NAME SPEC",
		Short: "Create a schedule",
		Example: `  longhaul schedule create nightly job.yaml --cron "0 3 * * *"
  longhaul schedule create hourly job.yaml --cron "0 * * * *" --overlap buffer-one --jitter 5m`,
		Args: twoArguments("NAME", "SPEC"),
		RunE: func(cmd *cobra.Command, args []string) error {
			spec, err := o.fields.Load(cmd.InOrStdin(), args[1])
			if err != nil {
				return err
			}
			return o.create(cmd, flags, args[0], spec)
		},
	}
	o.fields.Register(cmd.Flags())
	cmd.Flags().StringArrayVar(&o.crons, "cron", nil, `when, such as "0 3 * * *" or "@hourly"; may be repeated`)
	cmd.Flags().StringVar(&o.overlap, "overlap", "skip", "what to do when the last run has not ended: skip, buffer-one, buffer-all, cancel-other, terminate-other, allow-all")
	cmd.Flags().DurationVar(&o.jitter, "jitter", 0, "start up to this much later, at random")
	cmd.Flags().StringVar(&o.zone, "time-zone", "", `of the cron expression, such as "Europe/Berlin" (default: UTC)`)
	cmd.Flags().StringVar(&o.queue, "task-queue", job.TaskQueue, "Temporal task queue")
	return cmd
}

func (o *scheduleOptions) create(cmd *cobra.Command, flags *connect.Flags, name string, spec job.Spec) error {
	policy, err := overlapOf(o.overlap)
	if err != nil {
		return err
	}
	if len(o.crons) == 0 {
		return exitcode.Usagef(`create needs --cron, such as "0 3 * * *" for three o'clock every night`)
	}
	if !spec.HasPlaceholder() {
		fmt.Fprintln(cmd.ErrOrStderr(), "note: output.uri has no {scheduled_time}: every run writes to the same folder, and finds there what is done already")
	}
	c, err := jobclient.Connect(cmd.Context(), *flags)
	if err != nil {
		return err
	}
	defer c.Close()
	_, err = c.ScheduleClient().Create(cmd.Context(), client.ScheduleOptions{
		ID: name, Overlap: policy,
		Spec: client.ScheduleSpec{CronExpressions: o.crons, Jitter: o.jitter, TimeZoneName: o.zone},
		Action: &client.ScheduleWorkflowAction{
			ID: name, Workflow: job.WorkflowType, Args: []any{spec}, TaskQueue: o.queue,
			Memo: jobclient.Memo(spec), StaticSummary: jobclient.SummaryText(spec), StaticDetails: jobclient.DetailsText(spec),
		},
	})
	if errors.Is(err, temporal.ErrScheduleAlreadyRunning) {
		return fmt.Errorf("there is a schedule %s already; delete it first: longhaul schedule delete %s%s", name, job.ShellQuote(name), jobclient.FlagText(*flags))
	}
	if err == nil {
		fmt.Fprintf(cmd.OutOrStdout(), "created %s; its jobs are named %s-<time>\n", name, name)
	}
	return err
}
