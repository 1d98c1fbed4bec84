package main

import (
	"encoding/json"
	"fmt"
	"io"
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
		Use:   "status OUT|ID",
		Short: "Say how a job stands",
		Example: `  longhaul status out
  longhaul status nightly
  longhaul status nightly --json`,
		Args: oneArgument("OUT or ID"),
		RunE: func(cmd *cobra.Command, args []string) error {
			return withJob(cmd, flags, &args[0], func(c client.Client) error {
				s, err := look(cmd.Context(), c, args[0])
				if err != nil {
					return err
				}
				if asJSON {
					encoder := json.NewEncoder(cmd.OutOrStdout())
					encoder.SetIndent("", "  ")
					return encoder.Encode(s.fields())
				}
				printStatus(cmd, args[0], s)
				return nil
			})
		},
	}
	cmd.Flags().BoolVar(&asJSON, "json", false, "write JSON")
	return cmd
}

// fields are what a program gets to see.
func (s snapshot) fields() map[string]any {
	return map[string]any{
		"at": s.at.UTC(), "status": s.status.String(), "progress": s.Progress, "done": s.done(), "trouble": s.trouble,
	}
}

func printPace(w io.Writer, s snapshot) {
	for _, failure := range s.Failures {
		say(w, "  %s × %s", humanize.Comma(failure.Count), failure)
	}
	pace := fmt.Sprintf("%.1f records/s; p50 %.0f ms, p95 %.0f ms, p99 %.0f ms", s.Rate, s.Latency.P50, s.Latency.P95, s.Latency.P99)
	if s.TimeLeft != nil {
		pace += fmt.Sprintf("; %s to %s left", s.TimeLeft.From, s.TimeLeft.To)
	}
	if s.Limit != "" {
		pace += "; limited by " + string(s.Limit)
	}
	say(w, "%s", pace)
	for _, change := range s.Changes {
		say(w, "%s  %s, by %s", change.At.Local().Format(time.DateTime), change, change.By)
	}
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
		printPace(w, s)
		say(w, "output: %s", s.Output)
	}
	if s.trouble != "" {
		say(w, "trouble: %s", s.trouble)
	}
}
