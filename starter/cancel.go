package main

import (
	"github.com/spf13/cobra"
	"go.temporal.io/sdk/client"

	"longhaul/internal/connect"
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
			asked := args[0]
			return withJob(cmd, flags, &args[0], func(c client.Client) error {
				if err := c.CancelWorkflow(cmd.Context(), args[0], ""); err != nil {
					return noSuchJob(args[0], err)
				}
				say(cmd.OutOrStdout(), "asked %s to stop; see longhaul watch %s", args[0], job.ShellQuote(asked))
				return nil
			})
		},
	}
}
