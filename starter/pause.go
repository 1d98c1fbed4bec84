package main

import (
	"github.com/spf13/cobra"

	"longhaul/internal/connect"
	"longhaul/job"
)

func pauseCommand(flags *connect.Flags) *cobra.Command {
	return &cobra.Command{
		Use:   "pause OUT|ID",
		Short: "Start no more calls of a job, until it is resumed",
		Long: `Start no more calls of a job, until it is resumed. Within two seconds no call
starts, in any worker; those in flight end, and their answers are kept.`,
		Example: `  longhaul pause out
  longhaul pause nightly`,
		Args: oneArgument("OUT or ID"),
		RunE: func(cmd *cobra.Command, args []string) error {
			return sendUpdate(cmd, flags, args[0], job.UpdatePause, job.Tuning{})
		},
	}
}
