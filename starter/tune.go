package main

import (
	"fmt"

	"github.com/spf13/cobra"

	"longhaul/internal/connect"
	"longhaul/internal/exitcode"
	"longhaul/internal/jobclient"
	"longhaul/internal/specfile"
	"longhaul/job"
)

func tuneCommand(flags *connect.Flags) *cobra.Command {
	var tuning job.Tuning
	cmd := &cobra.Command{
		Use:   "tune OUT|ID",
		Short: "Change settings of a running job",
		Long: `Change settings of a running job. Within two seconds they count for new calls, in
running chunks too and in every worker. Settings that are not named stay as they are.`,
		Example: `  longhaul tune out --parallelism 50
  longhaul tune nightly --parallelism 50
  longhaul tune nightly --rate 10 --max-failures 5%
  longhaul tune nightly --rate 0 --chunk-interval 0s`,
		Args: oneArgument("OUT or ID"),
		RunE: func(cmd *cobra.Command, args []string) error {
			if tuning.IsZero() {
				return exitcode.Usagef("tune needs at least one setting; see longhaul tune --help")
			}
			return sendUpdate(cmd, flags, args[0], job.UpdateTune, tuning)
		},
	}
	specfile.RegisterKnobs(cmd.Flags(), &tuning)
	return cmd
}

// sendUpdate sends an update and says what is in force.
func sendUpdate(cmd *cobra.Command, flags *connect.Flags, target, name string, tuning job.Tuning) error {
	j, err := jobclient.Find(cmd.Context(), *flags, target)
	if err != nil {
		return err
	}
	defer j.Close()
	settings, err := jobclient.Update(cmd.Context(), j, j.ID, name, tuning)
	if err != nil {
		return err
	}
	word := "runs"
	if settings.Paused {
		word = "is paused"
	}
	fmt.Fprintf(cmd.OutOrStdout(), "%s %s: %s\n", j.ID, word, settings)
	return nil
}
