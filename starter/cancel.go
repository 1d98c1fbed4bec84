package main

import (
	"fmt"

	"github.com/spf13/cobra"

	"longhaul/internal/connect"
	"longhaul/internal/jobclient"
	"longhaul/job"
)

func cancelCommand(flags *connect.Flags) *cobra.Command {
	return &cobra.Command{
		Use:   "cancel OUT|ID",
		Short: "Stop a job; what is done is kept, and it can be started again",
		Long: `Stop a job: no more records are taken, calls in flight end, whole batches are
committed. Running chunks hear of it with their next heartbeat (heartbeat_timeout).
Started again with the same output, the job goes on.`,
		Example: `  longhaul cancel out
  longhaul cancel nightly`,
		Args: oneArgument("OUT or ID"),
		RunE: func(cmd *cobra.Command, args []string) error {
			j, err := jobclient.Find(cmd.Context(), *flags, args[0])
			if err != nil {
				return err
			}
			defer j.Close()
			if err := jobclient.Cancel(cmd.Context(), j, j.ID); err != nil {
				return err
			}
			fmt.Fprintf(cmd.OutOrStdout(), "asked %s to stop; see longhaul watch %s%s\n", j.ID, job.ShellQuote(args[0]), jobclient.FlagText(*flags))
			return nil
		},
	}
}
