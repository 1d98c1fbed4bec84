package main

import (
	"errors"
	"fmt"

	"encoding/json"

	"github.com/spf13/cobra"
	enumspb "go.temporal.io/api/enums/v1"

	"longhaul/internal/connect"
	"longhaul/internal/display"
	"longhaul/internal/jobclient"
)

func statusCommand(flags *connect.Flags) *cobra.Command {
	var asJSON bool
	cmd := &cobra.Command{
		Use:   "status OUT|ID",
		Short: "Say how a job stands, or how it ended",
		Example: `  longhaul status out
  longhaul status nightly
  longhaul status nightly --json`,
		Args: oneArgument("OUT or ID"),
		RunE: func(cmd *cobra.Command, args []string) error {
			return status(cmd, flags, args[0], asJSON)
		},
	}
	cmd.Flags().BoolVar(&asJSON, "json", false, "write JSON")
	return cmd
}

func status(cmd *cobra.Command, flags *connect.Flags, target string, asJSON bool) error {
	ctx, w := cmd.Context(), cmd.OutOrStdout()
	j, err := jobclient.FindEvenIfIdle(ctx, *flags, target)
	var idle *jobclient.NotRunningError
	if errors.As(err, &idle) && idle.Folder != nil && !asJSON {
		display.NotRunning(w, idle)
		return nil
	}
	var starting *jobclient.StartingError
	if errors.As(err, &starting) && !asJSON {
		fmt.Fprintln(w, starting)
		return nil
	}
	if err != nil {
		return err
	}
	defer j.Close()
	s, err := jobclient.Describe(ctx, j, j.ID)
	if err != nil {
		return err
	}
	if asJSON {
		encoder := json.NewEncoder(w)
		encoder.SetIndent("", "  ")
		return encoder.Encode(s.Fields())
	}
	if s.Status == enumspb.WORKFLOW_EXECUTION_STATUS_RUNNING {
		display.Status(w, j.ID, jobclient.WorkerCommand(*flags, s.Queue), s)
		return nil
	}
	end, err := jobclient.EndOf(ctx, j, j.ID)
	if err == nil {
		display.Ending(w, j.ID, s, end, *flags)
	}
	return err
}
