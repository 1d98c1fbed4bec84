package main

import (
	"fmt"

	"github.com/spf13/cobra"

	"longhaul/internal/inspect"
)

func reportCommand() *cobra.Command {
	return &cobra.Command{
		Use:   "report OUT",
		Short: "Make report.html of an output folder again",
		Long: `Make report.html of an output folder again, from its commits: totals, throughput
over time, latency, failures by kind, settings and changes. Also of a job that has
not ended: then it shows the batches that are done.`,
		Example: `  longhaul report out`,
		Args:    oneArgument("OUT"),
		RunE: func(cmd *cobra.Command, args []string) error {
			name, err := inspect.Report(cmd.Context(), args[0])
			if err == nil {
				fmt.Fprintf(cmd.OutOrStdout(), "%s\n", name)
			}
			return err
		},
	}
}
