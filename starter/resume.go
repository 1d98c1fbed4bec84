package main

import (
	"github.com/spf13/cobra"

	"longhaul/internal/connect"
	"longhaul/job"
)

func resumeCommand(flags *connect.Flags) *cobra.Command {
	return &cobra.Command{
		Use:   "resume OUT|ID",
		Short: "Go on with a job that is paused",
		Example: `  longhaul resume out
  longhaul resume nightly`,
		Args: oneArgument("OUT or ID"),
		RunE: func(cmd *cobra.Command, args []string) error {
			return sendUpdate(cmd, flags, args[0], job.UpdateResume, job.Tuning{})
		},
	}
}
