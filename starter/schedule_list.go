package main

import (
	"fmt"
	"time"

	"github.com/spf13/cobra"
	"go.temporal.io/sdk/client"

	"longhaul/internal/connect"
	"longhaul/internal/jobclient"
	"longhaul/job"
)

func scheduleList(flags *connect.Flags) *cobra.Command {
	return &cobra.Command{
		Use:     "list",
		Short:   "List the schedules of the namespace that start jobs",
		Example: `  longhaul schedule list`,
		Args:    cobra.NoArgs,
		RunE: func(cmd *cobra.Command, _ []string) error {
			c, err := jobclient.Connect(cmd.Context(), *flags)
			if err != nil {
				return err
			}
			defer c.Close()
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
					fmt.Fprintln(cmd.OutOrStdout(), scheduleLine(s))
				}
			}
			return nil
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
