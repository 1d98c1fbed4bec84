package main

import (
	"encoding/json"
	"time"

	"github.com/dustin/go-humanize"
	"github.com/spf13/cobra"
	enumspb "go.temporal.io/api/enums/v1"
	"go.temporal.io/sdk/client"

	"longhaul/internal/connect"
)

func statusCommand(flags *connect.Flags) *cobra.Command {
	var asJSON bool
	cmd := &cobra.Command{
		Use:   "status ID",
		Short: "Say how a job stands",
		Example: `  longhaul status nightly
  longhaul status nightly --json`,
		Args: oneArgument("ID"),
		RunE: func(cmd *cobra.Command, args []string) error {
			return withClient(cmd.Context(), flags, func(c client.Client) error {
				s, err := look(cmd.Context(), c, args[0])
				if err != nil {
					return err
				}
				if asJSON {
					encoder := json.NewEncoder(cmd.OutOrStdout())
					encoder.SetIndent("", "  ")
					return encoder.Encode(map[string]any{
						"id": args[0], "status": s.status.String(), "progress": s.Progress,
						"done": s.done(), "trouble": s.trouble,
					})
				}
				printStatus(cmd, args[0], s)
				return nil
			})
		},
	}
	cmd.Flags().BoolVar(&asJSON, "json", false, "write JSON")
	return cmd
}

func printStatus(cmd *cobra.Command, id string, s snapshot) {
	w := cmd.OutOrStdout()
	say(w, "%s: %s", id, s.status)
	if !s.known {
		say(w, "no worker answers; is one running on the job's task queue?")
	} else {
		say(w, "%s, %s of %s records done (%s failed), %s calls, %d of %d lanes busy",
			s.Phase, humanize.Comma(s.done()), humanize.Comma(s.Records), humanize.Comma(s.Failed),
			humanize.Comma(s.Attempts), s.ChunksInFlight, s.Lanes)
		if s.Skipped > 0 {
			say(w, "%s records were committed before", humanize.Comma(s.Skipped))
		}
		if s.status == enumspb.WORKFLOW_EXECUTION_STATUS_RUNNING {
			say(w, "running for %s", time.Since(s.Started).Round(time.Second))
		}
		say(w, "output: %s", s.Output)
	}
	if s.trouble != "" {
		say(w, "trouble: %s", s.trouble)
	}
}
